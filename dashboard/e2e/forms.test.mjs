// What a form says it did is done, and what was wrong with it is said.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manage } from "./browser.mjs";
import { stage } from "./stage.mjs";

const { owner, open, sandbox } = await stage();
const api = (method, path, body) => manage(owner, method, path, body);

test("a webhook that was tied to a device gets those of every device again", async () => {
  const page = await open();
  const device = await sandbox();
  const { id } = await api("POST", "/v1/webhooks", { url: "http://127.0.0.1:9/webhook", device_id: device.id });
  assert.equal((await api("GET", `/v1/webhooks/${id}`)).device_id, device.id);
  await page.goto(`/developers/webhooks/${id}`);
  await page.getByRole("button", { name: "Lainnya" }).click();
  await page.getByRole("menuitem", { name: "Ubah webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Perangkat" }).click();
  await page.getByRole("option", { name: "Semua perangkat" }).click();
  await dialog.getByRole("button", { name: "Simpan" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal((await api("GET", `/v1/webhooks/${id}`)).device_id, null);
});

test("a bad field that the page has no place for is told all the same", async () => {
  const page = await open();
  await page.goto(`/devices/${(await sandbox()).id}`);
  await page.getByLabel("Nomor orang simulasi").fill("bukan-nomor");
  await page.getByLabel("Tulis sebagai pelanggan").fill("Halo");
  await page.getByRole("button", { name: "Kirim sebagai pelanggan" }).click();
  await page.getByRole("status").getByText("from:").waitFor();
});

test("a bad field that the form shows stands at its input, and nowhere else", async () => {
  const page = await open();
  await page.goto("/developers");
  await page.getByRole("button", { name: "Buat API key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Nama").fill("Toko");
  await dialog.getByLabel("Hanya dari alamat").fill("bukan-alamat");
  await dialog.getByLabel("Hanya dari alamat").press("Enter");
  await dialog.getByRole("button", { name: "Buat API key" }).click();
  await dialog.locator(".mantine-TagsInput-error").waitFor();
  assert.equal(await page.getByRole("status").getByText("allow_ips").count(), 0);
});

test("an old key can be found and revoked though a hundred newer ones were made", async () => {
  const page = await open();
  await api("POST", "/v1/api-keys", { name: "Kunci lama", test: true });
  for (let each = 1; each <= 101; each++) await api("POST", "/v1/api-keys", { name: `Baru ${each}`, test: true });
  await page.goto("/developers");
  await page.getByRole("row", { name: /Kunci lama/ }).waitFor();
});

test("a template is tried out on simulated people, and on nobody of a real device that was not typed", async () => {
  const page = await open();
  const real = await api("POST", "/v1/devices", { channel: "whatsapp", name: "CS sungguhan" });
  const { id } = await api("POST", "/v1/templates", { name: "Sapaan", text: "Halo" });
  await page.goto(`/broadcast/templates/${id}`);
  const number = page.getByLabel("Nomor tujuan");
  await number.waitFor();
  assert.equal(await number.inputValue(), "6281234560001");
  await page.getByRole("combobox", { name: "Perangkat" }).click();
  await page.getByRole("option", { name: real.name }).click();
  assert.equal(await number.inputValue(), "");
});

test("linking whose news the server refuses says why, instead of waiting for ever", async () => {
  const page = await open();
  const device = await api("POST", "/v1/devices", { channel: "whatsapp", name: "CS 2" });
  const answer = (status, body) => (route) =>
    route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });
  await page.route("**/v1/devices/*/link", answer(200, { success: true, data: {} }));
  const error = { code: "overloaded", fields: [], request_id: "req_1" };
  await page.route("**/link/events", answer(503, { success: false, message: "Server sedang penuh.", error }));
  await page.goto(`/devices/${device.id}`);
  await page.getByRole("button", { name: "Tampilkan QR" }).click();
  await page.getByText("Server sedang penuh.").waitFor();
});

test("a template that was not saved is not left without asking", async () => {
  const page = await open();
  await page.goto("/broadcast/templates/new");
  await page.getByLabel("Nama").fill("Promo");
  await page.getByRole("link", { name: "Inbox" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Batal" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("Nama").inputValue(), "Promo");
  await page.getByRole("link", { name: "Inbox" }).first().click();
  await dialog.getByRole("button", { name: "Tinggalkan" }).click();
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
});

test("a template that was saved is left without asking", async () => {
  const page = await open();
  await page.goto("/broadcast/templates/new");
  await page.getByLabel("Nama").fill("Promo");
  await page.getByLabel("Teks", { exact: false }).first().fill("Halo {{1}}");
  await page.getByRole("button", { name: "Simpan" }).click();
  await page.getByRole("heading", { name: "Pakai lewat API" }).waitFor();
  await page.getByLabel("Nama").fill("Promo 2");
  await page.getByRole("button", { name: "Simpan" }).click();
  await page.getByText("Template disimpan").last().waitFor();
  await page.getByRole("heading", { name: "Promo 2" }).waitFor();
  await page.getByRole("link", { name: "Inbox" }).first().click();
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
});
