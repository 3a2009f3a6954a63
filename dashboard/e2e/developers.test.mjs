// What a developer does besides the first message.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { check, manage, shoot } from "./browser.mjs";
import { startReceiver } from "./server.mjs";
import { stage } from "./stage.mjs";

const { server, owner, open, written } = await stage();

/** Somebody's server, with a webhook to it: gone with the test. */
async function endpoint(test) {
  const receiver = await startReceiver();
  const made = await manage(owner, "POST", "/v1/webhooks", { url: receiver.url });
  test.after(async () => {
    await manage(owner, "DELETE", `/v1/webhooks/${made.id}`);
    receiver.stop();
  });
  return Object.assign(receiver, made);
}

test("a request is tried in the reference, with a key, and shows what the server answers", async () => {
  const page = await open();
  await page.goto("/docs");
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

test("the reference says in the reader's language what every field and answer means", async () => {
  const page = await open();
  await page.goto("/developers/reference");
  await page.getByLabel("Cari permintaan").fill("/v1/messages");
  await page.locator("summary", { hasText: "POST/v1/messagesKirim pesan" }).click();
  const card = page.locator("details[open]");
  // A field within another, one of the answer, and a refusal, whose text is the server's own.
  await card.getByRole("row", { name: /content\.text .*yang lebih panjang ditolak/ }).waitFor();
  await card.getByRole("row", { name: /job_id .*Untuk menanyakannya/ }).waitFor();
  await card.getByText("Payload JSON tidak valid", { exact: false }).waitFor();
  assert.doesNotMatch(await card.textContent(), /\b(the|which|Left out)\b/);
  await shoot(page, "reference-fields");
  await check(page, "reference-fields");
});

test("a message shows the request it came by, and the webhooks it caused", async (context) => {
  const hook = await endpoint(context);
  const page = await open();
  const request = { to: "6281234567890", type: "text", content: { text: "Pesanan dikirim." }, client_ref: "order-77" };
  const sent = await server.api(server.testKey, "/v1/messages", request);
  assert.equal(sent.status, 200, sent.message);
  await page.goto("/developers/messages?search=order-77");
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
  await written("6281234567003", "Sudah sampai.");
  await page.goto("/developers/messages?search=6281234567003");
  await page.getByRole("row", { name: /Masuk/ }).getByRole("button").click();
  await panel.getByText("Sudah sampai.").waitFor();
  await panel.getByRole("listitem").filter({ hasText: "message.received" }).getByText("Diterima").waitFor();
  assert.equal(await panel.getByRole("region").count(), 0);
  await shoot(page, "message-received");
});

test("a webhook's secret is renewed, and both sign for a while", async (context) => {
  const made = await endpoint(context);
  const page = await open();
  await page.goto(`/developers/webhooks/${made.id}`);
  await page.getByRole("button", { name: "Lainnya" }).click();
  await page.getByRole("menuitem", { name: "Ganti secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Ganti secret" }).click();
  const renewed = (await page.getByRole("dialog").locator("pre").textContent()).trim();
  assert.match(renewed, /^whsec_/);
  assert.notEqual(renewed, made.secret);
  await page.getByRole("dialog").getByRole("button", { name: "Selesai" }).click();
  await page.getByRole("button", { name: "Kirim uji" }).click();
  await page.getByRole("dialog").getByText("Diterima", { exact: true }).waitFor();
  const { headers, text } = made.received.find(({ body }) => body.event === "endpoint.test");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
  const signatures = headers["webhook-signature"].split(" ");
  for (const secret of [made.secret, renewed]) {
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    const signature = createHmac("sha256", key).update(signed).digest("base64");
    assert.ok(signatures.includes(`v1,${signature}`), headers["webhook-signature"]);
  }
});

test("an endpoint that fails says so in one place, until it is well again", async (context) => {
  const receiver = await endpoint(context);
  receiver.status = 500;
  const page = await open();
  await page.goto(`/developers/webhooks/${receiver.id}`);
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
});
