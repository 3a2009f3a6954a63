// A Telegram bot: its token renewed, its chat as Telegram shows it, and somebody who blocks it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { check, launch, openPage, shoot, signIn } from "./browser.mjs";
import { startServer } from "./server.mjs";
import { startTelegram } from "./telegram.mjs";

const PERSON = { id: 700000001, name: "Budi" };
const FIELD = "Tulis balasan, atau / untuk template";
let telegram;
let server;
let browser;
let page;

before(async () => {
  telegram = await startTelegram();
  server = await startServer({ environment: { CETAR_TELEGRAM__API_URL: telegram.url } });
  browser = await launch();
  page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true }));
  await signIn(page, server);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  telegram?.stop();
});

test("a bot is added with its token", async () => {
  await page.goto(`${server.url}/devices/new?channel=telegram`);
  await page.getByLabel("Nama").fill("Bot toko");
  await page.getByLabel("Token bot").fill(telegram.token);
  await page.getByRole("button", { name: "Tambahkan" }).click();
  await page.getByRole("heading", { name: "Bot toko" }).waitFor();
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
});

test("a token that Telegram took back is renewed: a wrong one is refused at its field, the right one connects", async () => {
  telegram.token = telegram.token.replace("AAFake", "BBFake");
  await page.getByRole("button", { name: "Ubah" }).click();
  const dialog = page.getByRole("dialog");
  const field = dialog.getByLabel("Token bot");
  await field.fill(telegram.token.replace("BBFake", "CCFake"));
  await dialog.getByRole("button", { name: "Simpan" }).click();
  await dialog.locator("[aria-invalid=true]").waitFor();
  await shoot(page, "token-refused");
  await field.fill(telegram.token);
  await dialog.getByRole("button", { name: "Simpan" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
});

test("marks that WhatsApp would make bold stay as they are, and an answer goes to the chat", async () => {
  telegram.says({ ...PERSON, text: "Harga *grosir* berapa?" });
  await page.goto(`${server.url}/inbox`);
  await page.getByRole("link", { name: /grosir/ }).click();
  await page.getByRole("log").getByText("Harga *grosir* berapa?").waitFor();
  await page.getByLabel(FIELD).fill("Mulai _50_ ribu.");
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  const answer = page.locator('[data-direction="out"]', { hasText: "Mulai _50_ ribu." });
  await answer.locator('[data-state="sent"]').waitFor();
  assert.equal(telegram.sent.at(-1).text, "Mulai _50_ ribu.");
  assert.equal(String(telegram.sent.at(-1).chat_id), String(PERSON.id));
});

test("somebody who blocks the bot is shown so in the chat and in the list, until they write again", async () => {
  const notice = page.getByText("tidak mau menerima pesan dari perangkat ini", { exact: false });
  const row = page.getByRole("link", { name: /Tidak terjangkau/ });
  assert.equal(await notice.count(), 0);
  telegram.blocks(PERSON);
  await notice.waitFor();
  await row.waitFor();
  await shoot(page, "inbox-unreachable");
  await check(page, "inbox-unreachable");
  telegram.says({ ...PERSON, text: "Saya kembali." });
  await page.getByRole("log").getByText("Saya kembali.").waitFor();
  await notice.waitFor({ state: "detached" });
  await row.waitFor({ state: "detached" });
  assert.deepEqual(page.complaints, []);
});
