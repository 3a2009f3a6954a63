// The Inbox with a hundred thousand conversations: what the page asks for and keeps stays small. How long it takes is told, not
// judged: docs/operations/performance.md has figures of a quiet machine.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { shoot } from "./browser.mjs";
import { stage } from "./stage.mjs";

const COUNT = 100_000;
const PAGE = 50;
const ROW = 68;
const SEED = fileURLToPath(new URL("seed.py", import.meta.url));
const { server, open, written } = await stage();
await written("6281234567001", "Halo");
await server.kill();
const file = readdirSync(server.data).find((name) => name.endsWith(".db"));
execFileSync("python3", [SEED, join(server.data, file), String(COUNT)], { stdio: "inherit" });
await server.start();

const rows = (page) => page.locator("[data-chosen]");

/** The page, and what it asked of the API. */
async function inbox() {
  const page = await open();
  const asked = [];
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.startsWith("/v1/")) asked.push(pathname + search);
  });
  // When the first row stands on the page, by the page's own clock.
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector("[data-chosen]")) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => performance.mark("rows")));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto("/inbox");
  await rows(page).first().waitFor();
  // The count of the unread beside "Inbox" is a list of its own.
  const lists = () => asked.filter((path) => /^\/v1\/conversations\?(?!.*unread=true)/.test(path)).length;
  return { page, asked, lists };
}

test("an Inbox with a hundred thousand conversations asks for a page and shows a screenful", async (context) => {
  const { page, asked, lists } = await inbox();
  await page.waitForFunction(() => performance.getEntriesByName("rows").length > 0);
  const ms = await page.evaluate(() => performance.getEntriesByName("rows")[0].startTime);
  context.diagnostic(`${COUNT} conversations: the first rows stood after ${Math.round(ms)} ms`);
  assert.ok((await rows(page).count()) < 40);
  // Once when the page opens, and once more when it began to hear of changes.
  assert.ok(lists() <= 2, `${lists()} pages were read`);
  assert.ok(asked.length <= 16, asked.join(" "));
  await shoot(page, "inbox-many");
});

test("scrolling reads on page by page, and keeps a screenful", async () => {
  const { page, lists } = await inbox();
  const region = page.locator("[role=region][aria-busy]");
  // To the end of what is there, three times; each time the list grows.
  for (let read = 2; read <= 4; read++) {
    await region.evaluate(
      (element, height) =>
        new Promise((resolve) => {
          element.scrollTo(0, element.scrollHeight);
          const look = () => (element.scrollHeight >= height ? resolve() : requestAnimationFrame(look));
          look();
        }),
      read * PAGE * ROW,
    );
  }
  await region.evaluate((element, top) => element.scrollTo(0, top), 3 * PAGE * ROW);
  await page.getByText(`Pelanggan ${3 * PAGE}`, { exact: true }).waitFor();
  assert.ok((await rows(page).count()) < 40);
  // The first, twice; three that were scrolled to; and at most the next of each end that was come close to meanwhile.
  assert.ok(lists() <= 8, `${lists()} pages were read`);
});

test("somebody far down is found by name", async () => {
  const { page } = await inbox();
  await page.getByLabel("Cari nama atau nomor").fill("Pelanggan 77777");
  await page.getByRole("link", { name: /Pelanggan 77777/ }).click();
  await page.getByRole("log").getByText("Halo").waitFor();
});
