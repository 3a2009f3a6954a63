// The official WhatsApp: its templates, and an answer when the 24-hour window is shut.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { check, manage, shoot } from "./browser.mjs";
import { startGraph } from "./graph.mjs";
import { stage } from "./stage.mjs";

const graph = await startGraph();
after(() => graph.stop());
const { server, owner, open } = await stage({ environment: { CETAR_META__GRAPH_URL: graph.url } });
const APPROVED = [
  { type: "BODY", text: "Halo {{1}}, tagihan Anda {{2}}." },
  { type: "FOOTER", text: "Toko Maju" },
];

/** A number that is a device here, with templates that Meta has. */
async function added(name, templates = []) {
  const number = graph.number(templates);
  const { settings } = number;
  const { id } = await manage(owner, "POST", "/v1/devices", { channel: "whatsapp-official", name, settings });
  await manage(owner, "POST", "/v1/meta/templates/sync", { session_id: id });
  return number;
}

test("a number is added with its settings", async () => {
  const { settings } = graph.number();
  const page = await open();
  await page.goto("/devices/new?channel=whatsapp-official");
  await page.getByLabel("Nama").fill("Toko resmi");
  await page.getByLabel("Phone number ID").fill(settings.phone_number_id);
  await page.getByLabel("WhatsApp Business Account ID").fill(settings.waba_id);
  await page.getByLabel("Access token").fill(settings.access_token);
  await page.getByLabel("App secret").fill(settings.app_secret);
  await page.getByLabel("Verify token").fill(settings.verify_token);
  await page.getByRole("button", { name: "Tambahkan" }).click();
  await page.getByRole("heading", { name: "Toko resmi" }).waitFor();
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
});

test("its templates are brought in, and Meta's refusal is told", async () => {
  const number = await added("Toko template");
  const page = await open();
  await page.goto("/settings/channels/whatsapp-official");
  const account = page.getByRole("region", { name: "Toko template", exact: true });
  await account.getByText("Belum ada template").waitFor();
  number.down = true;
  await account.getByRole("button", { name: "Sinkronkan sekarang" }).click();
  await account.getByRole("status").getByText(/\w/).waitFor();
  await shoot(page, "official-sync-failed");
  number.down = false;
  number.has("tagihan", "id", "APPROVED", APPROVED);
  number.has("promo", "id", "REJECTED", [{ type: "BODY", text: "Diskon!" }]);
  number.has("tagihan", "en_US", "PENDING", [{ type: "BODY", text: "Hello {{1}}" }]);
  await account.getByRole("button", { name: "Sinkronkan sekarang" }).click();
  await account.getByText("3 template di Meta, 1 dapat dikirim").waitFor();
  // What came of it is told before the list is read again.
  await account.getByRole("row", { name: /promo/ }).getByText("REJECTED").waitFor();
  assert.equal(await account.getByRole("row", { name: /tagihan/ }).count(), 2);
  await shoot(page, "official-templates");
  await check(page, "official-templates");
});

test("while the window is open its end is shown, and a text is sent", async () => {
  const number = await added("Toko buka");
  await number.hears(server, { from: "6281234567001", text: "Apakah buka?", hours: 1 });
  const page = await open();
  await page.goto("/inbox");
  await page.getByRole("link", { name: /Apakah buka/ }).click();
  await page.getByText(/Bisa dibalas bebas 2[23] jam/).waitFor();
  await page.getByLabel("Tulis balasan, atau / untuk template").fill("Buka, kak.");
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  await page.locator('[data-direction="out"] [data-state="sent"]').waitFor();
  assert.deepEqual(number.sent.at(-1).text.body, "Buka, kak.");
});

test("when it is shut, a template is chosen with the keyboard, filled in and sent", async () => {
  const number = await added("Toko tutup", [["tagihan", "id", "APPROVED", APPROVED]]);
  await number.hears(server, { from: "6281234567002", text: "Minta tagihan", hours: 30 });
  const page = await open();
  await page.goto("/inbox");
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
  const { template: sent } = number.sent.at(-1);
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
});
