// What every page shows while it reads, when it has nothing, when the server fails or is gone, and to whom it is closed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fits, manage, shoot } from "./browser.mjs";
import { PHONE, stage } from "./stage.mjs";

const { server, owner, open, stranger, newcomer, sandbox, written } = await stage();
const device = (await sandbox()).id;
const conversation = (await written("6281234567001", "Halo")).id;
const webhook = (await manage(owner, "POST", "/v1/webhooks", { url: "http://127.0.0.1:9/webhook" })).id;
const template = (await manage(owner, "POST", "/v1/templates", { name: "Tagihan", text: "Halo" })).id;
const user = await manage(owner, "POST", "/v1/users", { email: "sari@contoh.com", role: "agent" });

/**
 * Every page; what of the API it `reads` before it shows anything (where it reads nothing, its own part of the page is there at once,
 * under `title`); what it says when that is `empty`; and where an agent is sent instead, if it is not `closed` to them.
 */
const PAGES = [
  { path: "/", reads: "/v1/usage", agent: "Inbox" },
  { path: "/", reads: "/v1/session", agent: "Inbox" },
  { path: "/", reads: "/v1/webhooks", empty: "Belum ada webhook", agent: "Inbox" },
  { path: "/inbox", reads: "/v1/conversations", empty: "Tidak ada percakapan", agent: "Inbox" },
  { path: `/inbox/${conversation}`, reads: `/v1/conversations/${conversation}`, agent: "Inbox" },
  { path: `/inbox/${conversation}`, reads: `/v1/conversations/${conversation}/messages`, agent: "Inbox" },
  { path: "/devices", reads: "/v1/devices", empty: "Belum ada perangkat" },
  { path: "/devices/new", title: "Tambah perangkat" },
  { path: `/devices/${device}`, reads: `/v1/devices/${device}` },
  { path: "/broadcast/templates", reads: "/v1/templates", empty: "Belum ada template" },
  { path: "/broadcast/templates/new", title: "Buat template" },
  { path: `/broadcast/templates/${template}`, reads: `/v1/templates/${template}` },
  { path: "/developers", reads: "/v1/api-keys", empty: "Belum ada API key" },
  { path: "/developers/webhooks", reads: "/v1/webhooks", empty: "Belum ada webhook" },
  { path: `/developers/webhooks/${webhook}`, reads: `/v1/webhooks/${webhook}` },
  {
    path: `/developers/webhooks/${webhook}`,
    reads: `/v1/webhooks/${webhook}/deliveries`,
    empty: "Belum ada pengiriman",
  },
  { path: "/developers/messages", reads: "/v1/messages", empty: "Tidak ada pesan" },
  { path: "/developers/samples", title: "Contoh kode" },
  { path: "/developers/reference", reads: "/openapi.json" },
  { path: "/docs", reads: "/openapi.json", agent: "Referensi API" },
  { path: "/settings", reads: "/v1/workspace" },
  { path: "/settings/account", title: "Akun saya", agent: "Akun saya" },
  { path: "/settings/users", reads: "/v1/users" },
  { path: "/settings/plan", reads: "/v1/plan" },
  { path: "/settings/addresses", reads: "/v1/blocked-ips", empty: "Tidak ada alamat yang diblokir" },
  { path: "/settings/audit", reads: "/v1/audit-log", empty: "Belum ada catatan" },
  { path: "/settings/channels/whatsapp-official", reads: "/v1/devices", empty: "Belum ada akun" },
  { path: "/settings/channels/telegram", reads: "/v1/devices", empty: "Belum ada akun" },
  { path: "/settings/channels/messenger", reads: "/v1/devices", empty: "Belum ada akun" },
  { path: "/settings/channels/instagram", reads: "/v1/devices", empty: "Belum ada akun" },
];
const READING = PAGES.filter(({ reads }) => reads);

const REQUEST = "req_0199c3a0b6f47c3e9d3a5b1c2d3e4f50";
const FAILURE = { success: false, message: "Kesalahan di server.", error: { code: "internal", request_id: REQUEST } };
const NOTHING = { success: true, message: "", data: [], has_more: false, next_cursor: null };

/** Goes to each of `pages` as somebody new, a few at a time; `visit` says what is to be seen there. */
async function walk(pages, who, visit) {
  const left = [...pages];
  const lane = async (_, number) => {
    const page = await newcomer({ ...who, email: `${number}-${who.email}` });
    for (let each = left.shift(); each; each = left.shift()) {
      const { path, reads } = each;
      try {
        await visit(page, each);
        await fits(page, path);
        await page.setViewportSize(PHONE.viewport);
        await fits(page, `${path} on a phone`);
      } catch (error) {
        throw new Error(`${path}, which reads ${reads}: ${error.message}`, { cause: error });
      }
      // What it still asks for is not meant for the next.
      await page.goto("about:blank");
      await page.unrouteAll({ behavior: "ignoreErrors" });
      await page.setViewportSize({ width: 1280, height: 800 });
    }
  };
  await Promise.all([0, 1, 2].map(lane));
}

test("every page has a shape while it reads, and says what failed", async () => {
  await walk(READING, { email: "gagal@contoh.com" }, async (page, { path, reads }) => {
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    await page.route(
      (url) => url.pathname === reads,
      async (route) => {
        await held;
        await route.fulfill({ status: 500, json: FAILURE }).catch(() => undefined);
      },
    );
    await page.goto(path);
    await page.getByRole("status", { name: "Memuat" }).first().waitFor();
    await fits(page, `${path} while it reads`);
    release();
    await page.getByText("Ini tidak berhasil").first().waitFor();
    await page.getByText("Kesalahan di server.").first().waitFor();
    await page
      .getByRole("button", { name: new RegExp(REQUEST) })
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Coba lagi" }).first().waitFor();
    if (path === "/inbox") await shoot(page, "inbox-failed");
  });
});

test("every page says that it is empty", async () => {
  const empty = PAGES.filter(({ empty }) => empty);
  await walk(empty, { email: "kosong@contoh.com" }, async (page, { path, reads, empty }) => {
    await page.route(
      (url) => url.pathname === reads,
      (route) => route.fulfill({ json: NOTHING }),
    );
    await page.goto(path);
    await page.getByText(empty, { exact: false }).first().waitFor();
    assert.equal(await page.getByText("Ini tidak berhasil").count(), 0);
  });
});

test("every page tells in its banner that the server is gone, and where it would stand what cannot be read", async () => {
  const pages = PAGES.filter(({ reads }) => reads !== "/v1/session");
  await walk(pages, { email: "putus@contoh.com" }, async (page, { path, reads, title }) => {
    // What a worker asks for cannot be held here.
    await page.addInitScript(() => {
      delete globalThis.SharedWorker;
    });
    // The page comes, and who is signed in; then nothing more does.
    let known = false;
    await page.route(/\/(v1\/|openapi\.json)/, (route) => {
      if (known || !route.request().url().endsWith("/v1/session")) return route.abort("connectionrefused");
      known = true;
      return route.continue();
    });
    await page.goto(path);
    // Only who is signed in follows the server's events.
    const banner = page.getByRole("alert").getByText("Sambungan ke server terputus", { exact: false });
    if (path !== "/docs") await banner.waitFor();
    if (reads) await page.getByText("Server tidak terjangkau").first().waitFor();
    else await page.getByRole("heading", { name: title }).waitFor();
  });
});

test("an agent is told on every page that it is not for them, but on those that are", async () => {
  await walk(PAGES, { email: "rina@contoh.com", role: "agent" }, async (page, { path, agent }) => {
    await page.goto(path);
    if (agent) await page.getByRole("heading", { name: agent }).first().waitFor();
    else await page.getByText("Anda tidak punya akses ke halaman ini").waitFor();
    assert.equal(await page.getByText("Anda tidak punya akses ke halaman ini").count(), agent ? 0 : 1);
  });
});

test("whoever signs in or was invited is told that the server is gone", async () => {
  const invitation = new URL(user.invitation_url).pathname;
  const page = await stranger();
  await page.goto("/");
  await page.getByLabel("Email").fill(server.email);
  await page.getByLabel("Kata sandi").first().fill(server.password);
  await page.route("**/v1/**", (route) => route.abort("connectionrefused"));
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("alert").getByText("Server tidak terjangkau").waitFor();
  await page.goto(invitation);
  await page.getByText("Server tidak terjangkau").waitFor();
});

test("what failed is read again by its button", async () => {
  const page = await open();
  const asked = (url) => url.pathname === "/v1/api-keys";
  await page.route(asked, (route) => route.fulfill({ status: 500, json: FAILURE }));
  await page.goto("/developers");
  await page.getByText("Ini tidak berhasil").waitFor();
  await page.unroute(asked);
  await page.getByRole("button", { name: "Coba lagi" }).click();
  await page.getByRole("row", { name: /First run/ }).waitFor();
});

test("a server that is gone is told on the page and in the banner, and the page is back with it", async () => {
  const page = await open();
  await page.goto("/devices");
  await page.getByRole("link", { name: /Sandbox Telegram/ }).waitFor();
  // The other pages come in behind the first one.
  await page.waitForFunction(() => performance.getEntriesByName("pages-loaded").length > 0);
  await server.kill();
  await page.getByRole("alert").getByText("Sambungan ke server terputus", { exact: false }).waitFor();
  await page
    .getByRole("link", { name: "Template" })
    .or(page.getByRole("link", { name: "Broadcast" }))
    .first()
    .click();
  await page.getByText("Server tidak terjangkau").first().waitFor();
  await shoot(page, "offline-page");
  await server.start();
  await page.getByRole("alert").waitFor({ state: "detached" });
  await page.getByRole("link", { name: /Tagihan/ }).waitFor();
});
