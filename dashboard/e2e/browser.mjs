// Debian's Chromium, and what every page must hold to.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ROOT } from "./server.mjs";

const CHROMIUM = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
const SHOTS = join(ROOT, "target/screenshots");
const AXE = await readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

export function launch() {
  // As root, as in a container, Chromium has no sandbox to offer.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** A page that fails the test on anything the browser complains of: scripts that break, and what the page's policy refuses. */
export async function openPage(context) {
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Content-Security-Policy/.test(message.text())) page.complaints.push(message.text());
  });
  return page;
}

export async function signIn(page, server, { email, password } = server) {
  await page.goto(server.url);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Kata sandi", { exact: false }).first().fill(password);
  await page.getByRole("button", { name: "Masuk" }).click();
  // The form has a main part, too; only the frame around the pages can be walked through.
  await page.getByRole("navigation").first().waitFor();
}

export async function shoot(page, name) {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/** No serious finding of axe, nothing wider than the page. */
export async function check(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  assert.deepEqual(serious, [], name);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `${name} is ${wider} px wider than the screen`);
  assert.deepEqual(page.complaints, [], name);
}
