// A Telegram bot: its token renewed, its chat as Telegram shows it, somebody who blocks it, and a group that puts it out.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { check, manage, shoot } from "./browser.mjs";
import { PHONE, stage } from "./stage.mjs";
import { startTelegram } from "./telegram.mjs";

const PERSON = { id: 700000001, name: "Budi" };
const FIELD = "Tulis balasan, atau / untuk template";
const telegram = await startTelegram();
after(() => telegram.stop());
const { owner, open } = await stage({ environment: { CETAR_TELEGRAM__API_URL: telegram.url } });

/** A bot that is a device here. */
async function added(name) {
  const bot = telegram.bot();
  const settings = { token: bot.token };
  const { id } = await manage(owner, "POST", "/v1/devices", { channel: "telegram", name, settings });
  return { bot, id };
}

test("a bot is added with its token", async () => {
  const page = await open();
  await page.goto("/devices/new?channel=telegram");
  await page.getByLabel("Nama").fill("Bot toko");
  await page.getByLabel("Token bot").fill(telegram.bot().token);
  await page.getByRole("button", { name: "Tambahkan" }).click();
  await page.getByRole("heading", { name: "Bot toko" }).waitFor();
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
});

test("a token that Telegram took back is renewed: a wrong one is refused at its field, the right one connects", async () => {
  const { bot, id } = await added("Bot lama");
  bot.token = bot.token.replace("AAFake", "BBFake");
  const page = await open();
  await page.goto(`/devices/${id}`);
  // Once Telegram has refused the old one, that is what there is to do.
  await page.getByText("Token kedaluwarsa").first().waitFor();
  await page.getByRole("button", { name: "Perbarui token" }).click();
  const dialog = page.getByRole("dialog");
  const field = dialog.getByLabel("Token bot");
  await field.fill(bot.token.replace("BBFake", "CCFake"));
  await dialog.getByRole("button", { name: "Simpan" }).click();
  await dialog.locator("[aria-invalid=true]").waitFor();
  await shoot(page, "token-refused");
  await field.fill(bot.token);
  await dialog.getByRole("button", { name: "Simpan" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("Tersambung", { exact: true }).first().waitFor();
});

test("marks that WhatsApp would make bold stay as they are, and an answer goes to the chat", async () => {
  const { bot } = await added("Bot grosir");
  const page = await open();
  await page.goto("/inbox");
  bot.says({ ...PERSON, text: "Harga *grosir* berapa?" });
  await page.getByRole("link", { name: /grosir/ }).click();
  await page.getByRole("log").getByText("Harga *grosir* berapa?").waitFor();
  await page.getByLabel(FIELD).fill("Mulai _50_ ribu.");
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  const answer = page.locator('[data-direction="out"]', { hasText: "Mulai _50_ ribu." });
  await answer.locator('[data-state="sent"]').waitFor();
  const { text, chat_id } = bot.sent.at(-1);
  assert.deepEqual([text, String(chat_id)], ["Mulai _50_ ribu.", String(PERSON.id)]);
});

const NOTICES = [
  {
    who: "somebody who blocks the bot",
    chat: { id: 700000002, name: "Sari" },
    notice: /tidak mau menerima pesan dari perangkat ini sejak .+: perangkatnya diblokir/,
    back: (bot, chat) => bot.says({ ...chat, text: "Kami kembali." }),
    shot: "inbox-unreachable",
  },
  {
    who: "a group that puts the bot out",
    chat: { id: 700000003, name: "Tono", group: { id: -1001700000003, name: "Reseller" } },
    notice: /Perangkat ini dikeluarkan dari grup sejak .+: pesan tidak akan sampai/,
    back: (bot, chat) => bot.takesIn(chat),
    shot: "inbox-put-out",
  },
];

for (const { who, chat, notice: text, back, shot } of NOTICES)
  test(`${who} is shown so in the chat and in the list, until they want its messages again`, async () => {
    const { bot } = await added(`Bot ${chat.name}`);
    const page = await open();
    await page.goto("/inbox");
    bot.says({ ...chat, text: `Ini ${chat.name}.` });
    const row = page.getByRole("link", { name: new RegExp(`Ini ${chat.name}`) });
    await row.click();
    await page.getByRole("log").getByText(`Ini ${chat.name}.`).waitFor();
    const notice = page.getByText(text);
    assert.equal(await notice.count(), 0);
    bot.putsOut(chat);
    await notice.waitFor();
    await row.getByText("Tidak terjangkau").waitFor();
    await shoot(page, shot);
    await check(page, shot);

    const phone = await open(PHONE);
    await phone.goto(page.url());
    await phone.getByText(text).waitFor();
    await shoot(phone, `${shot}-360`);
    await check(phone, `${shot}-360`);

    back(bot, chat);
    for (const each of [page, phone]) await each.getByText(text).waitFor({ state: "detached" });
    await page.getByText("Tidak terjangkau").waitFor({ state: "detached" });
  });
