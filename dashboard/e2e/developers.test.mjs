// What a developer does besides the first message.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { check, launch, manage, openPage, shoot, signIn } from "./browser.mjs";
import { startReceiver, startServer } from "./server.mjs";

let server;
let receiver;
let browser;
let page;

before(async () => {
  server = await startServer();
  receiver = await startReceiver();
  browser = await launch();
  page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true }));
  await signIn(page, server);
});

after(async () => {
  await browser?.close();
  receiver?.stop();
  await server?.stop();
});

test("a request is tried in the reference, with a key, and shows what the server answers", async () => {
  await page.goto(`${server.url}/docs`);
  await page.getByLabel("Cari permintaan").fill("cek nomor");
  await page.getByText("/v1/check-number", { exact: true }).click();
  const card = page.locator("details[open]");
  await card.getByText("Menanyakan ke WhatsApp", { exact: false }).waitFor();
  await card.getByRole("button", { name: "Kirim permintaan" }).click();
  await card.getByRole("status").getByText("HTTP 401").waitFor();
  await card.getByLabel("Key", { exact: true }).fill(server.testKey);
  await card.getByRole("textbox", { name: "Body JSON" }).fill(JSON.stringify({ phone: "6281234567890" }));
  await card.getByRole("button", { name: "Kirim permintaan" }).click();
  await card.getByRole("status").getByText("HTTP 200").waitFor();
  await card.getByRole("status").getByText('"is_registered": true').waitFor();
  await shoot(page, "reference-tried");
  await check(page, "reference-tried");
});

test("a message shows the request it came by, and the webhooks it caused", async () => {
  const hook = await manage(page, "POST", "/v1/webhooks", { url: receiver.url });
  const request = { to: "6281234567890", type: "text", content: { text: "Pesanan dikirim." }, client_ref: "order-77" };
  const sent = await server.api(server.testKey, "/v1/messages", request);
  assert.equal(sent.status, 200, sent.message);
  await page.goto(`${server.url}/developers/messages?search=order-77`);
  const row = page.getByRole("row", { name: /WhatsApp/ });
  await row.getByRole("button").click();
  const panel = page.getByRole("dialog");
  await panel.getByRole("region", { name: "Permintaan seperti datangnya" }).waitFor();
  const shown = await panel.getByRole("region", { name: "Permintaan seperti datangnya" }).textContent();
  assert.match(shown, /^POST \/v1\/messages\n/);
  assert.deepEqual(JSON.parse(shown.slice(shown.indexOf("{"))), request);
  await panel.getByRole("listitem").filter({ hasText: "message.delivered" }).getByText("Diterima").waitFor();
  await shoot(page, "message-trail");
  await check(page, "message-trail");
  await panel.getByRole("link", { name: "message.delivered" }).click();
  await page.waitForURL(`**/developers/webhooks/${hook.id}**`);
  await page.getByRole("dialog").getByText("order-77", { exact: false }).first().waitFor();

  // Nobody asked for one that came in.
  const device = (await manage(page, "GET", "/v1/devices")).find((each) => each.sandbox && each.channel === "whatsapp");
  const words = { from: "6281234567003", type: "text", text: "Sudah sampai." };
  await manage(page, "POST", `/v1/devices/${device.id}/phone`, words);
  await page.goto(`${server.url}/developers/messages?search=6281234567003`);
  await page.getByRole("row", { name: /Masuk/ }).getByRole("button").click();
  await panel.getByText("Sudah sampai.").waitFor();
  await panel.getByRole("listitem").filter({ hasText: "message.received" }).getByText("Diterima").waitFor();
  assert.equal(await panel.getByRole("region").count(), 0);
  await shoot(page, "message-received");
  await manage(page, "DELETE", `/v1/webhooks/${hook.id}`);
});

test("a webhook's secret is renewed, and both sign for a while", async () => {
  const made = await manage(page, "POST", "/v1/webhooks", { url: receiver.url });
  await page.goto(`${server.url}/developers/webhooks/${made.id}`);
  await page.getByRole("button", { name: "Lainnya" }).click();
  await page.getByRole("menuitem", { name: "Ganti secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Ganti secret" }).click();
  const renewed = (await page.getByRole("dialog").locator("pre").textContent()).trim();
  assert.match(renewed, /^whsec_/);
  assert.notEqual(renewed, made.secret);
  await page.getByRole("dialog").getByRole("button", { name: "Selesai" }).click();
  await page.getByRole("button", { name: "Kirim uji" }).click();
  await page.getByRole("dialog").getByText("Diterima", { exact: true }).waitFor();
  const { headers, text } = receiver.received.at(-1);
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
  const signatures = headers["webhook-signature"].split(" ");
  for (const secret of [made.secret, renewed]) {
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    const signature = createHmac("sha256", key).update(signed).digest("base64");
    assert.ok(signatures.includes(`v1,${signature}`), headers["webhook-signature"]);
  }
});

test("an endpoint that fails says so in one place, until it is well again", async () => {
  const { id } = (await manage(page, "GET", "/v1/webhooks"))[0];
  receiver.status = 500;
  await page.goto(`${server.url}/developers/webhooks/${id}`);
  await page.getByRole("button", { name: "Kirim uji" }).click();
  await page.getByRole("dialog").getByText("database is down").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Tutup" }).click();
  await page.getByText("Sedang gagal", { exact: true }).waitFor();
  assert.equal(await page.getByText("Aktif", { exact: true }).count(), 0);
  await shoot(page, "webhook-failing");
  receiver.status = 200;
  await page.getByRole("button", { name: "Kirim uji" }).click();
  await page.getByRole("dialog").getByText("Diterima", { exact: true }).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Tutup" }).click();
  await page.getByText("Aktif", { exact: true }).waitFor();
  assert.deepEqual(page.complaints, []);
});
