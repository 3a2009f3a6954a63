// What every walk needs: a server, a browser, its owner, and more people, each test with pages of its own.
import assert from "node:assert/strict";
import { after, afterEach } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { launch, manage, openPage } from "./browser.mjs";
import { startServer } from "./server.mjs";

export const WIDE = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 360, height: 740 } };
const PASSWORD = "rahasia-yang-panjang-1";
/** A person may ask 600 times a minute. */
const LOOK_AGAIN_MS = 250;
/** Sessions start within seconds; on a machine that does much besides, within a minute. */
const LONGEST_MS = 60_000;

/**
 * A server and a browser for the tests of one file. Pages go with the test that opened them, so that none goes on reading what
 * another test writes; and a test in which one of them complained has failed.
 */
export async function stage({ environment } = {}) {
  const ends = [];
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const server = await startServer({ environment });
  ends.push(() => server.stop());
  const browser = await launch();
  ends.push(() => browser.close());

  let opened = [];
  afterEach(async () => {
    const [pages, complaints] = [opened, opened.flatMap(({ complaints }) => complaints)];
    opened = [];
    for (const page of pages) await page.context().close();
    assert.deepEqual(complaints, []);
  });
  /** A page in a browser of its own, of somebody who is signed in nowhere. */
  async function stranger(look = WIDE) {
    const context = await browser.newContext({ baseURL: server.url, ...look });
    const page = await openPage(context);
    opened.push(page);
    return page;
  }

  // Their requests without a page: it would read and mark what tests are about.
  const owner = await browser.newContext({ baseURL: server.url });
  const { email, password } = server;
  const signedIn = await owner.request.post("/v1/session", { data: { email, password } });
  assert.equal(signedIn.status(), 200, await signedIn.text());
  const storageState = await owner.storageState();

  /** Another page of the first owner. */
  const open = (look = WIDE) => stranger({ ...look, storageState });

  /** The page of somebody who was invited and came: each has a limit of requests, a language and a password of their own. */
  async function newcomer({ email, role = "owner" }, look = WIDE) {
    const { invitation_url } = await manage(owner, "POST", "/v1/users", { email, role });
    const page = await stranger(look);
    const token = new URL(invitation_url).pathname.split("/").at(-1);
    const came = await page.request.post(`/v1/invitations/${token}`, { data: { name: email, password: PASSWORD } });
    assert.equal(came.status(), 200, await came.text());
    return Object.assign(page, { person: { email, password: PASSWORD } });
  }

  /** The sandbox device of a channel, once its session runs: a server listens before its devices are up. */
  async function sandbox(channel = "whatsapp") {
    const end = Date.now() + LONGEST_MS;
    let found;
    do {
      const devices = await manage(owner, "GET", "/v1/devices");
      found = devices.find((device) => device.sandbox && device.channel === channel);
      if (found?.state === "connected") return found;
      await pause(LOOK_AGAIN_MS);
    } while (Date.now() < end);
    throw new Error(`waited in vain for a sandbox of ${channel}: it is ${found?.state ?? "not there"}`);
  }

  /** Somebody writes to the sandbox: their conversation. */
  async function written(from, text) {
    const device = await sandbox();
    await manage(owner, "POST", `/v1/devices/${device.id}/phone`, { from, type: "text", text });
    const [found] = await manage(owner, "GET", `/v1/conversations?search=${from}`);
    return found;
  }

  return { server, browser, owner, stranger, open, newcomer, sandbox, written };
}
