// What is set for all, and for oneself; and what two people do to the same customer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check, manage, shoot, signIn } from "./browser.mjs";
import { PHONE, stage } from "./stage.mjs";

const { owner, open, stranger, newcomer, written } = await stage();

test("the workspace is renamed, and its zone is that of every time that is shown", async () => {
  const page = await open();
  const { id } = await written("6281234567005", "Jam berapa di sana?");
  const shown = page.getByRole("log").locator("[data-message] time").first();
  await page.goto(`/inbox/${id}`);
  await shown.waitFor();
  const at = await shown.getAttribute("datetime");
  const clock = (timeZone) =>
    new Intl.DateTimeFormat("id-ID", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(
      new Date(at),
    );
  assert.equal(await shown.textContent(), clock("Asia/Jakarta"));

  await page.goto("/settings");
  await page.getByLabel("Nama", { exact: false }).fill("Toko Maju Jaya");
  const zone = page.getByRole("combobox", { name: "Zona waktu" });
  await zone.fill("Jayapura");
  await page.getByRole("option", { name: "Asia/Jayapura" }).click();
  await page.getByRole("button", { name: "Simpan" }).click();
  await page.getByRole("navigation").first().getByText("Toko Maju Jaya").waitFor();
  await shoot(page, "workspace-saved");
  await check(page, "workspace-saved");
  const { name, time_zone } = await manage(owner, "GET", "/v1/workspace");
  assert.deepEqual({ name, time_zone }, { name: "Toko Maju Jaya", time_zone: "Asia/Jayapura" });
  await page.goto(`/inbox/${id}`);
  await shown.waitFor();
  assert.equal(await shown.textContent(), clock("Asia/Jayapura"));
});

const languageOf = async (page) => (await manage(page, "GET", "/v1/session")).user.language;

test("the language one chose is the language one signs in to, in another browser too", async () => {
  const here = await newcomer({ email: "dwi@contoh.com" });
  await here.goto("/settings/account");
  const kept = here.waitForResponse((response) => response.request().method() === "PATCH");
  await here.getByText("English", { exact: true }).click();
  assert.equal((await kept).status(), 200);
  await here.getByRole("heading", { name: "My account" }).waitFor();

  const there = await stranger();
  await signIn(there, here.person);
  await there.getByRole("link", { name: "Settings" }).waitFor();
  await there.getByRole("button", { name: here.person.email }).click();
  // It is known there, and has just been asked for.
  assert.equal(await languageOf(here), "en");
  const back = there.waitForResponse((response) => response.request().method() === "PATCH");
  await there.getByRole("menuitem", { name: "Bahasa Indonesia" }).click();
  assert.equal((await back).status(), 200);
  await there.getByRole("link", { name: "Pengaturan" }).waitFor();
  assert.equal(await languageOf(here), "id");
});

test("of two languages chosen in a moment the second is kept, however late the first is answered", async () => {
  const page = await newcomer({ email: "tri@contoh.com" });
  await page.goto("/settings/account");
  const asked = [];
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await page.route("**/v1/session", async (route) => {
    if (route.request().method() !== "PATCH") return route.continue();
    asked.push(route.request().postDataJSON().language);
    await held;
    return route.continue();
  });
  const kept = (language) =>
    page.waitForResponse((response) => response.request().postDataJSON()?.language === language && response.ok());
  const both = Promise.all([kept("en"), kept("id")]);
  await page.getByText("English", { exact: true }).click();
  await page.getByRole("heading", { name: "My account" }).waitFor();
  await page.getByText("Bahasa Indonesia", { exact: true }).click();
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
  assert.deepEqual(asked, ["en"]);
  release();
  await both;
  assert.equal(await languageOf(page), "id");
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
});

test("labels that a colleague gave a customer meanwhile stay", async () => {
  const page = await open();
  const { id, contact } = await written("6281234567006", "Halo lagi");
  await page.goto(`/inbox/${id}`);
  const labels = page.getByRole("complementary", { name: "Kontak" }).getByLabel("Label");
  await labels.fill("grosir");
  await labels.press("Enter");
  await manage(owner, "PATCH", `/v1/contacts/${contact.id}`, { name: "Ibu Sari", labels: ["VIP"] });
  // The colleague's label may show before ours is saved: it is told live.
  const kept = page.waitForResponse((response) => response.request().method() === "PATCH");
  await page.getByRole("button", { name: "Simpan" }).click();
  assert.equal((await kept).status(), 200);
  await page.getByRole("complementary").getByText("VIP", { exact: true }).waitFor();
  const saved = await manage(owner, "GET", `/v1/contacts/${contact.id}`);
  assert.deepEqual(saved.labels.toSorted(), ["VIP", "grosir"]);
  assert.equal(saved.name, "Ibu Sari");
});

test("on a phone the bar shows what is unread, and where one is", async () => {
  // What the other tests left is read.
  for (const { id, unread } of await manage(owner, "GET", "/v1/conversations"))
    if (unread > 0) await manage(owner, "POST", `/v1/conversations/${id}/read`);
  const phone = await open(PHONE);
  const bar = phone.getByRole("navigation").last();
  await phone.goto("/devices");
  await phone.getByRole("link", { name: /Sandbox Telegram/ }).waitFor();
  await written("6281234567007", "Ada kabar?");
  await bar.getByTitle("Percakapan belum dibaca").getByText("1", { exact: true }).waitFor();
  const more = bar.getByRole("button", { name: "Lainnya" });
  assert.equal(await more.getAttribute("data-status"), null);
  await shoot(phone, "bar-unread");
  await more.click();
  await phone.getByRole("menuitem", { name: "Pengaturan" }).click();
  await phone.locator('[data-status="active"]', { hasText: "Lainnya" }).waitFor();
  assert.equal(await bar.locator('[data-status="active"]').count(), 1);
  await check(phone, "bar-more");
  await shoot(phone, "bar-more");
});
