// What happens shows by itself: in every tab, in a storm, and where the stream is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./browser.mjs";
import { stage } from "./stage.mjs";

const CUSTOMER = "6281234567004";
const FIELD = "Tulis balasan, atau / untuk template";
/** A browser opens six connections to a server that speaks HTTP/1.1. */
const TABS = 8;
// A storm goes on until it is shown, however slow the machine.
const { server, open, written } = await stage({ environment: { CETAR_LIMITS__REQUESTS_PER_MINUTE: "6000" } });
const chat = `/inbox/${(await written(CUSTOMER, "Halo")).id}`;

async function send(text) {
  const response = await fetch(`${server.url}/v1/messages`, {
    method: "POST",
    headers: { Authorization: `Bearer ${server.testKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ to: CUSTOMER, type: "text", content: { text } }),
  });
  assert.equal(response.status, 200);
}

function said(page, text) {
  return page.getByRole("log").getByText(text, { exact: true });
}

test("every tab of a browser is live, the eighth too", async () => {
  const pages = [await open()];
  while (pages.length < TABS) pages.push(await openPage(pages[0].context()));
  for (const page of pages) {
    await page.goto(chat);
    await said(page, "Halo").waitFor();
  }
  await send("Untuk semua tab.");
  for (const page of pages) {
    await said(page, "Untuk semua tab.").waitFor();
    assert.deepEqual(page.complaints, []);
  }
  // Whoever opened the stream may go; the others stay live.
  await pages.shift()?.close();
  await send("Untuk yang tinggal.");
  for (const page of pages) await said(page, "Untuk yang tinggal.").waitFor();
});

test("where the stream is refused one can still read and answer", async () => {
  const page = await open();
  await page.addInitScript(() => {
    delete globalThis.SharedWorker;
  });
  let refused = 0;
  await page.route("**/v1/stream", (route) => {
    refused++;
    return route.fulfill({ status: 429, contentType: "application/json", body: "{}" });
  });
  await page.goto(chat);
  await said(page, "Halo").waitFor();
  await send("Tanpa aliran.");
  await said(page, "Tanpa aliran.").waitFor();
  assert.ok(refused >= 1);
  assert.equal(await page.getByText("Sambungan ke server terputus").count(), 0);
  await page.getByLabel(FIELD).fill("Tetap terkirim.");
  await page.getByRole("button", { name: "Kirim", exact: true }).click();
  await said(page, "Tetap terkirim.").waitFor();
});

test("in a storm of events, over a slow line, a chat goes on showing what comes", async () => {
  const page = await open();
  await page.route("**/v1/conversations/*/messages**", async (route) => {
    const response = await route.fetch();
    await new Promise((resolve) => setTimeout(resolve, 600));
    await route.fulfill({ response }).catch(() => undefined);
  });
  await page.goto(chat);
  await said(page, "Halo").waitFor();
  const shown = page
    .getByRole("log")
    .getByText(/^Badai \d+\.$/)
    .first()
    .waitFor();
  let over = false;
  const end = shown.finally(() => {
    over = true;
  });
  for (let event = 1; !over; event++) {
    await send(`Badai ${event}.`);
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 150))]);
  }
  await shown;
});
