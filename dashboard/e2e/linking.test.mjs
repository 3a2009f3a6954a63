// A WhatsApp account is linked through the page, by a simulated phone that reads the picture of its QR.
import { after, test } from "node:test";
import { check, scan, shoot } from "./browser.mjs";
import { startWhatsApp } from "./server.mjs";
import { stage } from "./stage.mjs";

const FIELD = "Tulis balasan, atau / untuk template";
const whatsapp = await startWhatsApp();
after(() => whatsapp.stop());
const { open } = await stage({ environment: { CETAR_WHATSAPP_WEB__URL: whatsapp.url } });

/** Links a shop's number; its page, and the page of its device. */
async function linked(name, number, seen = async () => {}) {
  const page = await open();
  await page.goto("/devices");
  await page.getByRole("link", { name: "Tambah perangkat" }).click();
  await page.getByLabel("Nama").fill(name);
  await page.getByRole("button", { name: "Tambahkan" }).click();
  await page.getByRole("button", { name: "Tampilkan QR" }).click();
  const qr = page.getByRole("img", { name: "QR untuk dipindai dengan WhatsApp" });
  await qr.waitFor();
  await seen(page);
  await whatsapp.say(`scan ${number} ${await scan(qr)}`, /^linked$/);
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
  return { page, device: page.url() };
}

/** A customer writes to the shop, and their chat is opened. */
async function asked(page, customer, shop, text) {
  await page.goto("/inbox");
  await whatsapp.say(`peer ${customer}`, /^lid /);
  await whatsapp.say(`send ${customer} ${shop} ${text}`, /^sent as /);
  await page.getByRole("link", { name: new RegExp(text) }).click();
  await page.getByLabel(FIELD).waitFor();
  return page.url();
}

async function answer(page, text) {
  await page.getByLabel(FIELD).fill(text);
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  return page.locator('[data-direction="out"]', { hasText: text });
}

test("a WhatsApp account is linked by the QR that the page shows", async () => {
  const { page } = await linked("CS 1", "6281100000001", async (page) => {
    await shoot(page, "link-qr");
    await check(page, "link-qr");
  });
  await page.getByText("+62 811 0000 0001").first().waitFor();
  await shoot(page, "link-done");
});

test("a customer's WhatsApp message appears live, and the answer is read on their phone", async () => {
  const [shop, customer] = ["6281100000002", "6281200000002"];
  const { page } = await linked("CS 2", shop);
  await asked(page, customer, shop, "Halo, masih buka");
  const bubble = await answer(page, "Masih, sampai jam 9.");
  await bubble.locator('[data-state="delivered"]').waitFor();
  const [, id] = /\[(\S+)\]$/.exec(await whatsapp.hears(/ reads from .*Masih, sampai jam 9\./));
  await whatsapp.say(`read ${customer} ${id}`, /^read$/);
  await bubble.locator('[data-state="read"]').waitFor();
  await shoot(page, "link-answered");
});

test("a paused device sends nothing until it is resumed", async () => {
  const [shop, customer] = ["6281100000003", "6281200000003"];
  const { page, device } = await linked("CS 3", shop);
  const chat = await asked(page, customer, shop, "Ada diskon");
  await page.goto(device);
  await page.getByRole("button", { name: "Jeda" }).click();
  await page.getByText("Dijeda", { exact: true }).first().waitFor();
  await page.goto(chat);
  const waiting = await answer(page, "Ini menunggu.");
  await waiting.locator('[data-state="queued"]').waitFor();
  await page.goto(device);
  await page.getByRole("button", { name: "Lanjutkan" }).click();
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
  await page.goto(chat);
  await waiting.locator('[data-state="delivered"]').waitFor();
});

test("a device is renamed, and logged out from the phone, which a banner tells", async () => {
  const shop = "6281100000004";
  const { page } = await linked("CS 4", shop);
  await page.getByRole("button", { name: "Ubah" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Nama").fill("Kasir");
  await dialog.getByRole("button", { name: "Simpan" }).click();
  await page.getByRole("heading", { name: "Kasir" }).waitFor();
  await whatsapp.say(`logout ${shop}`, /^unlinked$/);
  await page.getByText("Keluar", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Tampilkan QR" }).waitFor();
  await shoot(page, "link-logged-out");
});
