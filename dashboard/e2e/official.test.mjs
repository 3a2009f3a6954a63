// The official WhatsApp: its templates, and an answer when the 24-hour window is shut.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { check, launch, openPage, shoot, signIn } from "./browser.mjs";
import { SETTINGS, startGraph, writes } from "./graph.mjs";
import { startServer } from "./server.mjs";

let graph;
let server;
let browser;
let page;

before(async () => {
  graph = await startGraph();
  server = await startServer({ environment: { CETAR_META__GRAPH_URL: graph.url } });
  browser = await launch();
  page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true }));
  await signIn(page, server);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  graph?.stop();
});

function template(name, language, status, components) {
  return { id: String(graph.templates.length + 1), name, language, status, category: "UTILITY", components };
}

test("a number is added with its settings", async () => {
  await page.goto(`${server.url}/devices/new?channel=whatsapp-official`);
  await page.getByLabel("Nama").fill("Toko resmi");
  await page.getByLabel("Phone number ID").fill(SETTINGS.phone_number_id);
  await page.getByLabel("WhatsApp Business Account ID").fill(SETTINGS.waba_id);
  await page.getByLabel("Access token").fill(SETTINGS.access_token);
  await page.getByLabel("App secret").fill(SETTINGS.app_secret);
  await page.getByLabel("Verify token").fill(SETTINGS.verify_token);
  await page.getByRole("button", { name: "Tambahkan" }).click();
  await page.getByRole("heading", { name: "Toko resmi" }).waitFor();
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
});

test("its templates are brought in, and Meta's refusal is told", async () => {
  await page.goto(`${server.url}/settings/channels/whatsapp-official`);
  const account = page.getByRole("region", { name: "Toko resmi", exact: true });
  await account.getByText("Belum ada template").waitFor();
  graph.down = true;
  await account.getByRole("button", { name: "Sinkronkan sekarang" }).click();
  await account.getByRole("status").getByText(/\w/).waitFor();
  await shoot(page, "official-sync-failed");
  graph.down = false;
  graph.templates = [
    template("tagihan", "id", "APPROVED", [
      { type: "BODY", text: "Halo {{1}}, tagihan Anda {{2}}." },
      { type: "FOOTER", text: "Toko Maju" },
    ]),
    template("promo", "id", "REJECTED", [{ type: "BODY", text: "Diskon!" }]),
    template("tagihan", "en_US", "PENDING", [{ type: "BODY", text: "Hello {{1}}" }]),
  ];
  await account.getByRole("button", { name: "Sinkronkan sekarang" }).click();
  await account.getByText("3 template di Meta, 1 dapat dikirim").waitFor();
  assert.equal(await account.getByRole("row", { name: /tagihan/ }).count(), 2);
  await account.getByRole("row", { name: /promo/ }).getByText("REJECTED").waitFor();
  await shoot(page, "official-templates");
  await check(page, "official-templates");
});

test("while the window is open its end is shown, and a text is sent", async () => {
  await writes(server, { from: "6281234567001", text: "Apakah buka?", hours: 1 });
  await page.goto(`${server.url}/inbox`);
  await page.getByRole("link", { name: /Apakah buka/ }).click();
  await page.getByText(/Bisa dibalas bebas 2[23] jam/).waitFor();
  await page.getByLabel("Tulis balasan, atau / untuk template").fill("Buka, kak.");
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  await page.locator('[data-direction="out"] [data-state="sent"]').waitFor();
  assert.deepEqual(graph.sent.at(-1).text.body, "Buka, kak.");
});

test("when it is shut, a template is chosen with the keyboard, filled in and sent", async () => {
  await writes(server, { from: "6281234567002", text: "Minta tagihan", hours: 30 });
  await page.goto(`${server.url}/inbox`);
  await page.getByRole("link", { name: /Minta tagihan/ }).click();
  await page.getByText("Jendela 24 jam sudah tertutup", { exact: false }).waitFor();
  await page.getByLabel("Cari template yang disetujui Meta").fill("tagih");
  await page.getByRole("option", { name: /tagihan · id/ }).waitFor();
  assert.equal(await page.getByRole("option").count(), 1);
  await shoot(page, "official-window-shut");
  await check(page, "official-window-shut");
  await page.getByLabel("Cari template yang disetujui Meta").press("Enter");
  await page.getByLabel("Isi 1").fill("Budi");
  await page.getByLabel("Isi 2").fill("Rp 500.000");
  await page.getByText("Halo Budi, tagihan Anda Rp 500.000.").waitFor();
  await shoot(page, "official-fill");
  await page.getByRole("button", { name: "Kirim template" }).click();
  await page.locator('[data-direction="out"] [data-state="sent"]').waitFor();
  const { template: sent } = graph.sent.at(-1);
  assert.equal(sent.name, "tagihan");
  assert.deepEqual(sent.components, [
    {
      type: "body",
      parameters: [
        { type: "text", text: "Budi" },
        { type: "text", text: "Rp 500.000" },
      ],
    },
  ]);
  assert.deepEqual(page.complaints, []);
});
