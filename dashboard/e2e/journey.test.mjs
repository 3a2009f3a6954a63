import assert from "node:assert/strict";
import { after, test } from "node:test";
import { shoot, signIn } from "./browser.mjs";
import { startReceiver } from "./server.mjs";
import { stage } from "./stage.mjs";

const FIELD = "Tulis balasan, atau / untuk template";
const receiver = await startReceiver();
after(() => receiver.stop());
const { server, stranger, open, sandbox, written } = await stage();

test("a key is made, sends a first message, and is refused once it is revoked", async () => {
  const page = await stranger();
  await signIn(page, server);
  await page.goto("/developers");
  await page.getByRole("button", { name: "Buat API key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Nama").fill("Toko online");
  await dialog.getByRole("switch", { name: "Key uji" }).check();
  await dialog.getByRole("button", { name: "Buat API key" }).click();
  const key = (await dialog.locator("pre").textContent()).trim();
  assert.match(key, /^sk_test_[0-9A-Za-z]{36}$/);
  await dialog.getByRole("button", { name: "Selesai" }).click();

  const sent = await server.api(key, "/v1/messages", { to: "6281234560001", type: "text", content: { text: "Halo!" } });
  assert.equal(sent.status, 200, sent.message);
  await page.goto(`/developers/messages?job=${sent.data.job_id}`);
  await page.getByRole("dialog").getByText("Dibaca").first().waitFor();

  await page.goto("/developers");
  const row = page.getByRole("row", { name: /Toko online/ });
  await row.getByRole("button", { name: "Cabut" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cabut" }).click();
  await row.getByText("Dicabut").waitFor();
  assert.equal(
    (await server.api(key, "/v1/messages", { to: "6281234560001", type: "text", content: { text: "x" } })).status,
    401,
  );
});

test("an inbound message appears live and is answered", async () => {
  const [page, phone] = [await open(), await open()];
  await page.goto("/inbox");
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
  await phone.goto(`/devices/${(await sandbox()).id}`);
  await phone.getByLabel("Nomor orang simulasi").fill("6281234567001");
  await phone.getByLabel("Tulis sebagai pelanggan").fill("Apakah masih ada stok?");
  await phone.getByRole("button", { name: "Kirim sebagai pelanggan" }).click();

  await page.getByRole("link", { name: /stok/ }).click();
  await page.getByRole("log").getByText("Apakah masih ada stok?").waitFor();
  await page.getByLabel(FIELD).fill("Masih, kak.");
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  const answer = page.locator('[data-direction="out"]', { hasText: "Masih, kak." });
  await answer.locator('[data-state="delivered"], [data-state="read"]').waitFor();
  await phone.getByText("Masih, kak.").waitFor();
  await shoot(page, "chat-answered");
});

test("a draft survives the server's death, which a banner tells", async () => {
  const { id } = await written("6281234567002", "Halo?");
  const page = await open();
  await page.goto(`/inbox/${id}`);
  const banner = page.getByText("Sambungan ke server terputus");
  await page.getByLabel(FIELD).fill("Sebentar ya");
  await server.kill();
  await banner.waitFor();
  await shoot(page, "server-gone");
  await server.start();
  await banner.waitFor({ state: "detached" });
  assert.equal(await page.getByLabel(FIELD).inputValue(), "Sebentar ya");
  await page.reload();
  assert.equal(await page.getByLabel(FIELD).inputValue(), "Sebentar ya");
});

test("a template is designed, and its id is sent by the API", async () => {
  const page = await open();
  await page.goto("/broadcast/templates/new");
  await page.getByLabel("Nama").fill("Tagihan");
  await page.getByLabel("Teks", { exact: false }).first().fill("Halo {{1}}, tagihan Anda {{2}}.");
  await page.getByRole("log").getByText("Halo Budi Santoso, tagihan Anda Rp 500.000.").waitFor();
  await page.getByRole("button", { name: "Simpan" }).click();
  await page.getByRole("heading", { name: "Pakai lewat API" }).waitFor();
  const template_id = Number(new URL(page.url()).pathname.split("/").at(-1));
  const sent = await server.api(server.testKey, "/v1/send-template", {
    to: "6281234567003",
    template_id,
    variables: ["Ana", "Rp 1"],
  });
  assert.equal(sent.status, 200, sent.message);
});

test("a webhook fails, is seen, and is sent again", async () => {
  receiver.status = 500;
  const page = await open();
  await page.goto("/developers/webhooks");
  await page.getByRole("button", { name: "Tambah webhook" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Alamat").fill(receiver.url);
  await dialog.getByRole("button", { name: "Tambah webhook" }).click();
  assert.match(await dialog.locator("pre").textContent(), /^whsec_/);
  await dialog.getByRole("button", { name: "Selesai" }).click();
  await page.getByRole("button", { name: "Kirim uji" }).click();
  const panel = page.getByRole("dialog");
  await panel.getByText("database is down").waitFor();
  await shoot(page, "webhook-failed");
  receiver.status = 200;
  await panel.getByRole("button", { name: "Kirim ulang" }).click();
  await panel.getByText("Diterima", { exact: true }).waitFor();
  assert.ok(receiver.received.filter(({ body }) => body.event === "endpoint.test").length >= 2);
});

test("an agent reaches no settings, by page or by API", async () => {
  const page = await open();
  await page.goto("/settings/users");
  await page.getByRole("button", { name: "Undang" }).click();
  await page.getByRole("dialog").getByLabel("Email").fill("rina@contoh.com");
  await page.getByRole("button", { name: "Buat tautan undangan" }).click();
  const link = (await page.getByRole("dialog").locator("pre").textContent()).trim();

  const agent = await stranger();
  await agent.goto(new URL(link).pathname);
  await agent.getByLabel("Nama Anda").fill("Rina");
  await agent.getByLabel("Kata sandi baru").fill("rahasia-yang-panjang-1");
  await agent.getByRole("button", { name: "Mulai" }).click();
  await agent.getByRole("heading", { name: "Inbox" }).waitFor();
  assert.equal(await agent.getByRole("link", { name: "Pengaturan" }).count(), 0);
  for (const path of ["/settings", "/settings/users", "/developers", "/settings/audit"]) {
    await agent.goto(path);
    await agent.getByText("Anda tidak punya akses ke halaman ini").waitFor();
  }
  await shoot(agent, "agent-forbidden");
  for (const path of ["/v1/users", "/v1/api-keys", "/v1/webhooks", "/v1/audit-log"])
    assert.equal((await agent.request.get(path)).status(), 403, path);
});
