// What a person does about their own account.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { check, manage, scan, shoot } from "./browser.mjs";
import { stage } from "./stage.mjs";

const { newcomer } = await stage();

/** What an authenticator shows, `ahead` steps of thirty seconds from `now` (RFC 6238). */
function code(secret, ahead = 0, now = Date.now()) {
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
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000) + ahead));
  const hash = createHmac("sha1", key).update(step).digest();
  const at = hash.at(-1) & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Somebody with a second factor, on the page of their account; with its secret, a code that is used up, and their recovery codes. */
async function guarded(email) {
  const page = await newcomer({ email });
  const { secret } = await manage(page, "POST", "/v1/session/totp");
  const used = code(secret);
  const { recovery_codes } = await manage(page, "POST", "/v1/session/totp/confirm", { code: used });
  await page.goto("/settings/account");
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
  return { page, secret, used, recovery_codes };
}

/** Signs out and in again as far as the password goes; where the code is typed. */
async function knock(page) {
  const { email, password } = page.person;
  await page.getByRole("button", { name: email }).first().click();
  await page.getByRole("menuitem", { name: "Keluar" }).click();
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Kata sandi").first().fill(password);
  await page.getByRole("button", { name: "Masuk" }).click();
  return page.getByLabel("Kode dua langkah");
}

test("a second factor is set up from its QR", async () => {
  const page = await newcomer({ email: "eka@contoh.com" });
  await page.goto("/settings/account");
  await page.getByRole("button", { name: "Aktifkan" }).click();
  const qr = page.getByRole("img", { name: "Pindai dengan aplikasi autentikator, atau ketik kuncinya." });
  await qr.waitFor();
  const address = new URL(await scan(qr));
  assert.equal(address.protocol, "otpauth:");
  await shoot(page, "totp-setup");
  await check(page, "totp-setup");

  await page.getByLabel("Kode dari aplikasi").fill("12345");
  await page.getByRole("button", { name: "Aktifkan" }).click();
  await page.locator("[aria-invalid=true]").waitFor();
  await page.getByLabel("Kode dari aplikasi").fill(code(address.searchParams.get("secret")));
  await page.getByRole("button", { name: "Aktifkan" }).click();
  await page.getByText("Simpan kode pemulihan ini", { exact: false }).waitFor();
  const recovery = await page.getByRole("list", { name: "Kode pemulihan" }).getByRole("listitem").allTextContents();
  assert.ok(recovery.length >= 8);
  await shoot(page, "totp-recovery");
});

test("signing in takes a code of the app, and refuses the one that was used", async () => {
  const { page, secret, used } = await guarded("guntur@contoh.com");
  const field = await knock(page);
  await field.fill(used);
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("alert").waitFor();
  await shoot(page, "totp-refused");
  // The next one is taken a little early.
  await field.fill(code(secret, 1));
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
});

test("a recovery code signs in once", async () => {
  const { page, recovery_codes } = await guarded("hesti@contoh.com");
  await (await knock(page)).fill(recovery_codes[0]);
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();

  const field = await knock(page);
  await field.fill(recovery_codes[0]);
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("alert").waitFor();
  await field.fill(recovery_codes[1]);
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
});

test("the second factor is turned off with the password", async () => {
  const { page } = await guarded("indra@contoh.com");
  await page.getByLabel(/^Kata sandi\s*\*?$/).fill(page.person.password);
  await page.getByRole("button", { name: "Matikan" }).click();
  await page.getByText("Tidak aktif").waitFor();
  await knock(page);
  await page.getByRole("heading", { name: "Akun saya" }).waitFor();
});
