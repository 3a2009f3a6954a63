// What an agent writes is never lost, never sent twice, and never shown as sent when it was not.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { check, manage } from "./browser.mjs";
import { stage } from "./stage.mjs";

const FIELD = "Tulis balasan, atau / untuk template";
// Each test sends some sixty messages at most, but all of them with one key.
const {
  server,
  owner,
  open: openPage,
  written,
} = await stage({
  environment: { CETAR_LIMITS__REQUESTS_PER_MINUTE: "600" },
});
let page;
let chats;
let tests = 0;

/** Each test has two customers of its own, and the chat of the first on its page. */
beforeEach(async () => {
  const number = 6281234560100 + 2 * tests++;
  const [one, other] = [String(number), String(number + 1)];
  const hello = async (from) => {
    const { id } = await written(from, `Halo dari ${from}`);
    await manage(owner, "POST", `/v1/conversations/${id}/read`);
    return { id, from };
  };
  chats = { one: await hello(one), other: await hello(other) };
  page = await openPage();
  await page.goto(`/inbox/${chats.one.id}`);
  await page.getByRole("log").getByText(`Halo dari ${one}`).waitFor();
});

async function write(text) {
  await page.getByLabel(FIELD).fill(text);
  await page.getByLabel(FIELD).press("Enter");
}

/** Goes to somebody's chat without leaving the page. */
async function open({ id, from }) {
  await page.locator(`a[href^="/inbox/${id}"]`).click();
  await page.getByRole("log").getByText(`Halo dari ${from}`).waitFor();
}

function bubble(text) {
  return page.locator('[data-direction="out"]', { hasText: text });
}

/** How often the server has it. */
async function kept(text) {
  const messages = await manage(owner, "GET", `/v1/conversations/${chats.one.id}/messages?limit=100`);
  return messages.filter(({ content }) => content.text === text).length;
}

/** Has the next sends answered by `handle`, which gets how many came before. */
async function interfere(handle) {
  let times = 0;
  const keys = [];
  await page.route("**/v1/messages", async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    keys.push(route.request().headers()["idempotency-key"]);
    return handle(route, times++);
  });
  return keys;
}

function refusal(status, code, fields = []) {
  const error = { code, fields, request_id: "req_0199c3a0b6f47c3e9d3a5b1c2d3e4f50" };
  return {
    status,
    contentType: "application/json",
    body: JSON.stringify({ success: false, message: "Tidak bisa.", error }),
  };
}

test("a refused message stays with its reason, and its text comes back into the field", async () => {
  const bad = [{ field: "content.text", code: "too_long", message: "paling banyak 4096 karakter" }];
  await interfere((route) => route.fulfill(refusal(422, "validation_failed", bad)));
  await write("Terlalu panjang");
  const failed = bubble("Terlalu panjang");
  await failed.getByText("content.text: paling banyak 4096 karakter").waitFor();
  await failed.locator('[data-state="failed"]').waitFor();
  await check(page, "a failed message");
  await failed.getByRole("button", { name: "Ubah" }).click();
  await failed.waitFor({ state: "detached" });
  assert.equal(await page.getByLabel(FIELD).inputValue(), "Terlalu panjang");
  await page.getByLabel(FIELD).fill("");
});

test("a failed message survives a reload, and is sent again under the same key", async () => {
  const keys = await interfere((route, times) =>
    times === 0 ? route.fulfill(refusal(503, "overloaded")) : route.continue(),
  );
  await write("Nanti lagi");
  await bubble("Nanti lagi").getByText("Tidak bisa.").waitFor();
  await page.reload();
  await bubble("Nanti lagi").getByRole("button", { name: "Kirim lagi" }).click();
  await bubble("Nanti lagi").locator('[data-state="delivered"], [data-state="read"]').waitFor();
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.equal(await bubble("Nanti lagi").count(), 1);
});

test("an answer lost on the way is asked for again: the message is sent once and shown once", async () => {
  const keys = await interfere(async (route, times) => {
    if (times > 0) return route.continue();
    await route.fetch();
    return route.abort("connectionreset");
  });
  await write("Sekali saja");
  await bubble("Sekali saja").locator('[data-state="delivered"], [data-state="read"]').first().waitFor();
  // The second answer names the message that is in the list already; then the letter has gone.
  await page.waitForFunction(() => !Object.keys(sessionStorage).some((name) => name.startsWith("cetar-unsent-")));
  assert.equal(new Set(keys).size, 1);
  assert.equal(await bubble("Sekali saja").count(), 1);
  assert.equal(await kept("Sekali saja"), 1);
});

test("of two quick messages the first fails and stays, though another chat was opened meanwhile", async () => {
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await interfere(async (route, times) => {
    if (times > 0) return route.continue();
    await held;
    return route.fulfill(refusal(429, "rate_limited"));
  });
  await write("Pertama");
  await write("Kedua");
  await open(chats.other);
  release();
  await open(chats.one);
  await bubble("Pertama").getByText("Tidak bisa.").waitFor();
  await bubble("Kedua").locator('[data-state="delivered"], [data-state="read"]').waitFor();
  assert.equal(await kept("Pertama"), 0);
  await bubble("Pertama").getByRole("button", { name: "Buang" }).click();
  await bubble("Pertama").waitFor({ state: "detached" });
});

test("a draft with its medium is there again after another chat was read", async () => {
  await page.getByLabel(FIELD).fill("Ini gambarnya");
  await page.getByLabel("Pilih berkas").setInputFiles({
    name: "promo.png",
    mimeType: "image/png",
    buffer: Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    ),
  });
  // It comes up while one is elsewhere.
  await open(chats.other);
  assert.equal(await page.getByLabel(FIELD).inputValue(), "");
  await open(chats.one);
  await page.getByLabel("Alamat media (https)").waitFor();
  assert.match(await page.getByLabel("Alamat media (https)").inputValue(), /\/media\//);
  assert.equal(await page.getByLabel(FIELD).inputValue(), "Ini gambarnya");
});

test("a message may begin with a slash, once one leaves the list of templates", async () => {
  await page.getByLabel(FIELD).fill("/start tidak jalan, kak");
  await page.getByLabel(FIELD).press("Enter");
  assert.equal(await page.getByLabel(FIELD).inputValue(), "/start tidak jalan, kak");
  await page.getByLabel(FIELD).press("Escape");
  await page.getByLabel(FIELD).press("Enter");
  await bubble("/start tidak jalan, kak").locator('[data-state="delivered"], [data-state="read"]').waitFor();
});

test("what came while the tab was hidden is read once one looks at it", async () => {
  const look = (state) =>
    page.evaluate((visibility) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => visibility });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  const unread = async () => (await manage(owner, "GET", `/v1/conversations/${chats.one.id}`)).unread;
  await look("hidden");
  await written(chats.one.from, "Masih di sana?");
  await page.getByRole("log").getByText("Masih di sana?").waitFor();
  assert.equal(await unread(), 1);
  const read = page.waitForResponse(/\/read$/);
  await look("visible");
  await read;
  assert.equal(await unread(), 0);
});

test("an answer does not come back as queued when fifty newer messages have gone through the chat", async () => {
  await write("Jawaban lama");
  await bubble("Jawaban lama").locator('[data-state="delivered"], [data-state="read"]').waitFor();
  const send = (text) =>
    fetch(`${server.url}/v1/messages`, {
      method: "POST",
      headers: { Authorization: `Bearer ${server.testKey}`, "Content-Type": "application/json" },
      body: JSON.stringify({ to: chats.one.from, type: "text", content: { text } }),
    });
  for (let each = 1; each <= 51; each++) assert.equal((await send(`Kabar ${each}.`)).status, 200);
  await bubble("Kabar 51.").waitFor();
  await bubble("Jawaban lama").waitFor({ state: "detached" });
});
