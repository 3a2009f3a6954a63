// A WhatsApp account is linked through the page, by a simulated phone that reads the picture of its QR.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { check, launch, openPage, scan, shoot, signIn } from "./browser.mjs";
import { startServer, startWhatsApp } from "./server.mjs";

const SHOP = "6281100000001";
const CUSTOMER = "6281200000002";
let whatsapp;
let server;
let browser;
let page;

before(async () => {
  whatsapp = await startWhatsApp();
  server = await startServer({ environment: { CETAR_WHATSAPP_WEB__URL: whatsapp.url } });
  browser = await launch();
  page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true }));
  await signIn(page, server);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  whatsapp?.stop();
});

test("a WhatsApp account is linked by the QR that the page shows", async () => {
  await page.goto(`${server.url}/devices`);
  await page.getByRole("link", { name: "Tambah perangkat" }).click();
  await page.getByLabel("Nama").fill("CS 1");
  await page.getByRole("button", { name: "Tambahkan" }).click();
  await page.getByRole("button", { name: "Tampilkan QR" }).click();
  const qr = page.getByRole("img", { name: "QR untuk dipindai dengan WhatsApp" });
  await qr.waitFor();
  await shoot(page, "link-qr");
  await check(page, "link-qr");
  await whatsapp.say(`scan ${SHOP} ${await scan(qr)}`, /^linked$/);
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
  await page.getByText("+62 811 0000 0001").first().waitFor();
  await shoot(page, "link-done");
});

test("a customer's WhatsApp message appears live, and the answer is read on their phone", async () => {
  await page.goto(`${server.url}/inbox`);
  await page.getByText("Tidak ada percakapan").waitFor();
  await whatsapp.say(`peer ${CUSTOMER}`, /^lid /);
  await whatsapp.say(`send ${CUSTOMER} ${SHOP} Halo, masih buka?`, /^sent as /);
  await page.getByRole("link", { name: /masih buka/ }).click();
  await page.getByLabel("Tulis balasan, atau / untuk template").fill("Masih, sampai jam 9.");
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  await page.locator('[data-direction="out"] [data-state="delivered"]').waitFor();
  const [, id] = /\[(\S+)\]$/.exec(await whatsapp.hears(/ reads from .*Masih, sampai jam 9\./));
  await whatsapp.say(`read ${CUSTOMER} ${id}`, /^read$/);
  await page.locator('[data-direction="out"] [data-state="read"]').waitFor();
  await shoot(page, "link-answered");
});

test("a paused device sends nothing until it is resumed", async () => {
  await page.getByLabel("Tulis balasan, atau / untuk template").waitFor();
  const chat = page.url();
  await page.goto(`${server.url}/devices`);
  await page.getByRole("link", { name: /CS 1/ }).click();
  await page.getByRole("button", { name: "Jeda" }).click();
  await page.getByText("Dijeda", { exact: true }).first().waitFor();
  await page.goto(chat);
  await page.getByLabel("Tulis balasan, atau / untuk template").fill("Ini menunggu.");
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  const waiting = page.locator('[data-direction="out"]', { hasText: "Ini menunggu." });
  await waiting.locator('[data-state="queued"]').waitFor();
  await page.goto(`${server.url}/devices`);
  await page.getByRole("link", { name: /CS 1/ }).click();
  await page.getByRole("button", { name: "Lanjutkan" }).click();
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
  await page.goto(chat);
  await waiting.locator('[data-state="delivered"]').waitFor();
});

test("a device is renamed, and logged out from the phone, which a banner tells", async () => {
  await page.goto(`${server.url}/devices`);
  await page.getByRole("link", { name: /CS 1/ }).click();
  await page.getByRole("button", { name: "Ubah" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Nama").fill("Kasir");
  await dialog.getByRole("button", { name: "Simpan" }).click();
  await page.getByRole("heading", { name: "Kasir" }).waitFor();
  await whatsapp.say(`logout ${SHOP}`, /^unlinked$/);
  await page.getByText("Keluar", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Tampilkan QR" }).waitFor();
  await shoot(page, "link-logged-out");
  assert.deepEqual(page.complaints, []);
});
