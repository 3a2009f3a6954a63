// What a person does about their own account and workspace.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { check, launch, openPage, scan, shoot, signIn } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server;
let browser;
let page;
let secret;
let recovery;

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

/** What an authenticator shows, `ahead` steps of thirty seconds from now (RFC 6238). */
function code(ahead = 0) {
  const bits = [...secret].map((letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  const key = Buffer.from(
    bits
      .join("")
      .match(/.{8}/g)
      .map((byte) => Number.parseInt(byte, 2)),
  );
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const hash = createHmac("sha1", key).update(step).digest();
  const at = hash.at(-1) & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

async function signOut() {
  await page.getByRole("button", { name: server.email }).first().click();
  await page.getByRole("menuitem", { name: "Keluar" }).click();
  await page.getByRole("button", { name: "Masuk" }).waitFor();
}

async function password() {
  await page.getByLabel("Email").fill(server.email);
  await page.getByLabel("Kata sandi").first().fill(server.password);
  await page.getByRole("button", { name: "Masuk" }).click();
  return page.getByLabel("Kode dua langkah");
}

test("a second factor is set up from its QR", async () => {
  await page.goto(`${server.url}/settings/account`);
  await page.getByRole("button", { name: "Aktifkan" }).click();
  const qr = page.getByRole("img", { name: "Pindai dengan aplikasi autentikator, atau ketik kuncinya." });
  await qr.waitFor();
  const address = new URL(await scan(qr));
  assert.equal(address.protocol, "otpauth:");
  secret = address.searchParams.get("secret");
  await shoot(page, "totp-setup");
  await check(page, "totp-setup");

  await page.getByLabel("Kode dari aplikasi").fill("12345");
  await page.getByRole("button", { name: "Aktifkan" }).click();
  await page.locator("[aria-invalid=true]").waitFor();
  await page.getByLabel("Kode dari aplikasi").fill(code());
  await page.getByRole("button", { name: "Aktifkan" }).click();
  await page.getByText("Simpan kode pemulihan ini", { exact: false }).waitFor();
  recovery = await page.getByRole("list", { name: "Kode pemulihan" }).getByRole("listitem").allTextContents();
  assert.ok(recovery.length >= 8);
  await shoot(page, "totp-recovery");
});

test("signing in takes a code of the app, and refuses the one that was used", async () => {
  await signOut();
  const field = await password();
  await field.fill(code(-3));
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("alert").waitFor();
  await shoot(page, "totp-refused");
  // The present one was used to set it up; the next one is taken a little early.
  await field.fill(code(1));
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
});

test("a recovery code signs in once", async () => {
  await signOut();
  await (await password()).fill(recovery[0]);
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();

  await signOut();
  const field = await password();
  await field.fill(recovery[0]);
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("alert").waitFor();
  await field.fill(recovery[1]);
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
});

test("the second factor is turned off with the password", async () => {
  await page.getByLabel(/^Kata sandi\s*\*?$/).fill(server.password);
  await page.getByRole("button", { name: "Matikan" }).click();
  await page.getByText("Tidak aktif").waitFor();
  await signOut();
  await password();
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
  assert.deepEqual(page.complaints, []);
});
