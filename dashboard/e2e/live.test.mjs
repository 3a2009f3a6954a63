// What happens shows by itself: in every tab, in a storm, and where the stream is refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage, signIn } from "./browser.mjs";
import { startServer } from "./server.mjs";

const CUSTOMER = "6281234567004";
const FIELD = "Tulis balasan, atau / untuk template";
/** A browser opens six connections to a server that speaks HTTP/1.1. */
const TABS = 8;
let server;
let browser;
let context;
let chat;

before(async () => {
  server = await startServer();
  browser = await launch();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await openPage(context);
  await signIn(page, server);
  const id = await page.evaluate(async (from) => {
    const { csrf_token } = (await (await fetch("/v1/session")).json()).data;
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token };
    const devices = (await (await fetch("/v1/devices")).json()).data;
    const device = devices.find(({ channel, sandbox }) => sandbox && channel === "whatsapp");
    const body = JSON.stringify({ from, type: "text", text: "Halo" });
    await fetch(`/v1/devices/${device.id}/phone`, { method: "POST", headers, body });
    for (;;) {
      const { data } = await (await fetch("/v1/conversations")).json();
      if (data.length > 0) return data[0].id;
    }
  }, CUSTOMER);
  chat = `${server.url}/inbox/${id}`;
  await page.close();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

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
  const pages = [];
  for (let tab = 0; tab < TABS; tab++) {
    const page = await openPage(context);
    await page.goto(chat);
    await said(page, "Halo").waitFor();
    pages.push(page);
  }
  await send("Untuk semua tab.");
  for (const page of pages) {
    await said(page, "Untuk semua tab.").waitFor();
    assert.deepEqual(page.complaints, []);
  }
  // Whoever opened the stream may go; the others stay live.
  await pages.shift()?.close();
  await send("Untuk yang tinggal.");
  for (const page of pages) {
    await said(page, "Untuk yang tinggal.").waitFor();
    await page.close();
  }
});

test("where the stream is refused one can still read and answer", async () => {
  const page = await openPage(context);
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
  await page.close();
});

test("in a storm of events, over a slow line, a chat goes on showing what comes", async () => {
  const page = await openPage(context);
  await page.route("**/v1/conversations/*/messages**", async (route) => {
    const response = await route.fetch();
    await new Promise((resolve) => setTimeout(resolve, 600));
    await route.fulfill({ response }).catch(() => undefined);
  });
  await page.goto(chat);
  await said(page, "Halo").waitFor();
  let stop = false;
  const storm = (async () => {
    for (let event = 1; event <= 45 && !stop; event++) {
      await send(`Badai ${event}.`);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    return stop;
  })();
  await said(page, "Badai 1.").waitFor();
  stop = true;
  assert.ok(await storm, "nothing was shown before the storm was over");
  await page.close();
});
