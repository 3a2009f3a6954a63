// What is set for all, and for oneself; and what two people do to the same customer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { check, launch, manage, newOwner, openPage, shoot, signIn } from "./browser.mjs";
import { startServer } from "./server.mjs";

const CUSTOMER = "6281234567005";
let server;
let browser;
let page;

before(async () => {
  server = await startServer();
  browser = await launch();
  page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true }));
  await signIn(page, server);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Somebody writes to the sandbox; the conversation, once it is there. */
async function written(text) {
  const device = (await manage(page, "GET", "/v1/devices")).find((each) => each.sandbox && each.channel === "whatsapp");
  await manage(page, "POST", `/v1/devices/${device.id}/phone`, { from: CUSTOMER, type: "text", text });
  for (;;) {
    const found = (await manage(page, "GET", "/v1/conversations")).find(({ contact }) => contact.address === CUSTOMER);
    if (found) return found;
  }
}

test("the workspace is renamed, and its zone is that of every time that is shown", async () => {
  const { id } = await written("Jam berapa di sana?");
  const shown = () => page.getByRole("log").locator("[data-message] time").first();
  await page.goto(`${server.url}/inbox/${id}`);
  await shown().waitFor();
  const at = await shown().getAttribute("datetime");
  const clock = (timeZone) =>
    new Intl.DateTimeFormat("id-ID", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(
      new Date(at),
    );
  assert.equal(await shown().textContent(), clock("Asia/Jakarta"));

  await page.goto(`${server.url}/settings`);
  await page.getByLabel("Nama", { exact: false }).fill("Toko Maju Jaya");
  const zone = page.getByRole("combobox", { name: "Zona waktu" });
  await zone.fill("Jayapura");
  await page.getByRole("option", { name: "Asia/Jayapura" }).click();
  await page.getByRole("button", { name: "Simpan" }).click();
  await page.getByRole("button", { name: server.email }).getByText("Toko Maju Jaya").waitFor();
  await shoot(page, "workspace-saved");
  await check(page, "workspace-saved");
  const { name, time_zone } = await manage(page, "GET", "/v1/workspace");
  assert.deepEqual({ name, time_zone }, { name: "Toko Maju Jaya", time_zone: "Asia/Jayapura" });
  await page.goto(`${server.url}/inbox/${id}`);
  await shown().waitFor();
  assert.equal(await shown().textContent(), clock("Asia/Jayapura"));
});

test("the language one chose is the language one signs in to, in another browser too", async () => {
  await page.goto(`${server.url}/settings/account`);
  const kept = page.waitForResponse(
    (response) => response.url().endsWith("/v1/session") && response.request().method() === "PATCH",
  );
  await page.getByText("English", { exact: true }).click();
  assert.equal((await kept).status(), 200);
  await page.getByRole("heading", { name: "My account" }).waitFor();

  const elsewhere = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 } }));
  await signIn(elsewhere, server);
  await elsewhere.getByRole("link", { name: "Settings" }).waitFor();
  await elsewhere.getByRole("button", { name: server.email }).click();
  const back = elsewhere.waitForResponse((response) => response.request().method() === "PATCH");
  await elsewhere.getByRole("menuitem", { name: "Bahasa Indonesia" }).click();
  assert.equal((await back).status(), 200);
  await elsewhere.getByRole("link", { name: "Pengaturan" }).waitFor();
  assert.equal((await manage(page, "GET", "/v1/session")).user.language, "id");
  await elsewhere.context().close();
  await page.evaluate(() => localStorage.clear());
});

test("labels that a colleague gave a customer meanwhile stay", async () => {
  const { id, contact } = await written("Halo lagi");
  await page.goto(`${server.url}/inbox/${id}`);
  const labels = page.getByRole("complementary", { name: "Kontak" }).getByLabel("Label");
  await labels.fill("grosir");
  await labels.press("Enter");
  await manage(page, "PATCH", `/v1/contacts/${contact.id}`, { name: "Ibu Sari", labels: ["VIP"] });
  await page.getByRole("button", { name: "Simpan" }).click();
  await page.getByRole("complementary").getByText("VIP", { exact: true }).waitFor();
  const saved = await manage(page, "GET", `/v1/contacts/${contact.id}`);
  assert.deepEqual(saved.labels.toSorted(), ["VIP", "grosir"]);
  assert.equal(saved.name, "Ibu Sari");
});

test("on a phone the bar shows what is unread, and where one is", async () => {
  const owner = await newOwner(page, "ponsel@contoh.com");
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, bypassCSP: true });
  const phone = await openPage(context);
  await signIn(phone, server, owner);
  const bar = phone.getByRole("navigation").last();
  await phone.goto(`${server.url}/devices`);
  await written("Ada kabar?");
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
  await context.close();
  assert.deepEqual(page.complaints, []);
});
