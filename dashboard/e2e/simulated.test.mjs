// The phone of a simulated customer does all that people do, and everything that can happen to an account can be tried.
import { test } from "node:test";
import { check, shoot } from "./browser.mjs";
import { PHONE, stage } from "./stage.mjs";

const { open, sandbox } = await stage();
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const write = async (page, text) => {
  await page.getByLabel("Tulis sebagai pelanggan").fill(text);
  await page.getByRole("button", { name: "Kirim sebagai pelanggan" }).click();
};
const bubble = (page, text) => page.locator("[data-message]", { hasText: text });
async function choose(page, text, act) {
  await bubble(page, text).getByRole("button", { name: "Tindakan untuk pesan ini" }).click();
  await page.getByRole("menuitem", { name: act }).click();
}
async function attach(page, what) {
  await page.getByRole("button", { name: "Kirim yang lain" }).click();
  await page.getByRole("menuitem", { name: what }).click();
}

test("a simulated customer sends a picture and a place, answers, reacts, votes, changes and takes back", async () => {
  const page = await open();
  await page.goto(`/devices/${(await sandbox()).id}`);
  const picking = page.waitForEvent("filechooser");
  await attach(page, "Gambar, film, suara, atau berkas");
  await (await picking).setFiles({ name: "foto.png", mimeType: "image/png", buffer: PNG });
  await page.locator("[data-message] img").waitFor();
  await attach(page, "Lokasi");
  await bubble(page, "Monas").waitFor();
  await attach(page, "Polling");
  await bubble(page, "Kapan boleh dikirim?").waitFor();
  await choose(page, "Kapan boleh dikirim?", "Pilih “Besok”");
  await write(page, "Halo, masih buka?");
  await choose(page, "Halo, masih buka?", "Beri reaksi 👍");
  await bubble(page, "Halo, masih buka?").getByText("👍").waitFor();
  await choose(page, "Halo, masih buka?", "Balas");
  await page.getByText("Balasan untuk:").waitFor();
  await shoot(page, "simulated-phone");
  await check(page, "simulated-phone");
  await write(page, "Sampai jam berapa?");
  await choose(page, "Sampai jam berapa?", "Ubah");
  await write(page, "Sampai jam sembilan?");
  await bubble(page, "Sampai jam sembilan?").getByText("disunting").waitFor();
  await choose(page, "Sampai jam sembilan?", "Tarik kembali");
  await bubble(page, "Pesan dihapus").waitFor();

  // In the group, then as the owner on the account's own phone.
  await page.getByRole("combobox", { name: "Tulis sebagai" }).selectOption("group");
  await write(page, "Halo semua");
  await bubble(page, "Halo semua").waitFor();
  await page.getByRole("combobox", { name: "Tulis sebagai" }).selectOption("owner");
  await write(page, "Masih, kak.");
  await bubble(page, "Masih, kak.").waitFor();

  const small = await open(PHONE);
  await small.goto(page.url());
  await bubble(small, "Masih, kak.").waitFor();
  await small.getByRole("log").scrollIntoViewIfNeeded();
  await shoot(small, "simulated-phone-360");
  await check(small, "simulated-phone-360");
});

test("an account that was logged out is linked again, after linking has failed as it was asked to", async () => {
  const page = await open();
  await page.goto(`/devices/${(await sandbox()).id}`);
  await page.getByRole("button", { name: "Logout dari ponsel" }).click();
  await page.getByText("Tautan device diakhiri.").first().waitFor();
  const outcome = page.getByLabel("Jalannya penautan");
  await outcome.selectOption("passkey_required");
  await page.getByRole("button", { name: "Tampilkan QR" }).click();
  await page.getByText("Akun ini meminta passkey saat ditautkan.").first().waitFor();
  await shoot(page, "simulated-link");
  await check(page, "simulated-link");
  const small = await open(PHONE);
  await small.goto(page.url());
  await small.getByLabel("Jalannya penautan").waitFor();
  await shoot(small, "simulated-link-360");
  await check(small, "simulated-link-360");
  await outcome.selectOption("linked");
  await page.getByRole("button", { name: "Mulai lagi" }).click();
  await page.getByText("Tersambung", { exact: true }).first().waitFor();

  await page.getByRole("button", { name: "Dibatasi 10 menit" }).click();
  await page.getByText("Dibatasi", { exact: true }).first().waitFor();
});
