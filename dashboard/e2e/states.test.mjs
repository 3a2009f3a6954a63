// What a page shows while it reads, when the server fails or is gone, and to whom it is closed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, manage, openPage, shoot, signIn } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server;
let browser;
let page;
let device;

before(async () => {
  server = await startServer();
  browser = await launch();
  page = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 } }));
  await signIn(page, server);
  device = (await manage(page, "GET", "/v1/devices"))[0].id;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The pages that read something of their own, and what of the API that is. */
function reading() {
  return {
    "/": "/v1/usage",
    "/inbox": "/v1/conversations",
    "/inbox/cnv_00000000000000000000000000000001": "/v1/conversations/",
    "/devices": "/v1/devices",
    [`/devices/${device}`]: "/v1/devices/",
    "/broadcast/templates": "/v1/templates",
    "/broadcast/templates/1": "/v1/templates/",
    "/developers": "/v1/api-keys",
    "/developers/webhooks": "/v1/webhooks",
    "/developers/webhooks/wh_00000000000000000000000000000001": "/v1/webhooks/",
    "/developers/messages": "/v1/messages",
    "/developers/reference": "/openapi.json",
    "/settings": "/v1/workspace",
    "/settings/users": "/v1/users",
    "/settings/plan": "/v1/plan",
    "/settings/addresses": "/v1/blocked-ips",
    "/settings/audit": "/v1/audit-log",
    "/settings/channels/whatsapp-official": "/v1/devices",
  };
}

const FAILURE = {
  success: false,
  message: "Kesalahan di server.",
  error: { code: "internal", request_id: "req_0199c3a0b6f47c3e9d3a5b1c2d3e4f50" },
};

test("every page has a shape while it reads, and says what failed", async () => {
  for (const [path, api] of Object.entries(reading())) {
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    const asked = (url) => (api.endsWith("/") ? url.pathname.startsWith(api) : url.pathname === api);
    await page.route(asked, async (route) => {
      await held;
      await route.fulfill({ status: 500, json: FAILURE }).catch(() => undefined);
    });
    await page.goto(server.url + path);
    await page.getByRole("status", { name: "Memuat" }).first().waitFor();
    release();
    await page.getByText("Ini tidak berhasil").first().waitFor();
    await page.getByText("Kesalahan di server.").first().waitFor();
    await page
      .getByRole("button", { name: /req_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/ })
      .first()
      .waitFor();
    if (path === "/inbox") await shoot(page, "inbox-failed");
    await page.unroute(asked);
  }
  assert.deepEqual(page.complaints, []);
});

test("what failed is read again by its button", async () => {
  const asked = (url) => url.pathname === "/v1/api-keys";
  await page.route(asked, (route) => route.fulfill({ status: 500, json: FAILURE }));
  await page.goto(`${server.url}/developers`);
  await page.getByText("Ini tidak berhasil").waitFor();
  await page.unroute(asked);
  await page.getByRole("button", { name: "Coba lagi" }).click();
  await page.getByRole("row", { name: /First run/ }).waitFor();
});

test("a server that is gone is told on the page and in the banner, and the page is back with it", async () => {
  await page.goto(`${server.url}/devices`);
  await page.getByRole("link", { name: /Sandbox Telegram/ }).waitFor();
  // The other pages come in behind the first one.
  await page.waitForFunction(() => performance.getEntriesByName("pages-loaded").length > 0);
  await server.kill();
  await page.getByRole("alert").getByText("Sambungan ke server terputus", { exact: false }).waitFor();
  await page.getByRole("link", { name: "Inbox" }).first().click();
  await page.getByText("Server tidak terjangkau").first().waitFor();
  await shoot(page, "offline-page");
  await server.start();
  await page.getByRole("alert").waitFor({ state: "detached" });
  await page.getByText("Tidak ada percakapan").waitFor();
});

test("a person whose role does not include a page is told so on every one", async () => {
  const { invitation_url } = await manage(page, "POST", "/v1/users", { email: "rina@contoh.com", role: "agent" });
  const context = await browser.newContext();
  const agent = await openPage(context);
  await agent.goto(new URL(new URL(invitation_url).pathname, server.url).href);
  await agent.getByLabel("Nama Anda").fill("Rina");
  await agent.getByLabel("Kata sandi baru").fill("rahasia-yang-panjang-1");
  await agent.getByRole("button", { name: "Mulai" }).click();
  await agent.getByRole("heading", { name: "Inbox" }).waitFor();
  const open = ["/", "/inbox", "/inbox/cnv_00000000000000000000000000000001"];
  for (const path of [...Object.keys(reading()), "/devices/new", "/broadcast/templates/new"]) {
    if (open.includes(path)) continue;
    await agent.goto(server.url + path);
    await agent.getByText("Anda tidak punya akses ke halaman ini").waitFor();
  }
  await agent.goto(`${server.url}/settings/account`);
  await agent.getByRole("heading", { name: "Akun saya" }).waitFor();
  await context.close();
});
