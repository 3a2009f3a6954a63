// Debian's Chromium, and what every page must hold to.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import decodeQR from "qr/decode.js";
import { ROOT } from "./server.mjs";

const CHROMIUM = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
/** How long something may take to show on a machine that is busy. */
const PATIENCE_MS = 60_000;
const SHOTS = join(ROOT, "target/screenshots");
const AXE = await readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

export function launch() {
  // As root, as in a container, Chromium has no sandbox to offer.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** A page that keeps what the browser complains of: scripts that break, though a page showed that, and what its policy refuses. */
export async function openPage(context) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    const text = message.text();
    // A request that was refused is an error to the browser, and an answer to the page.
    const broken = message.type() === "error" && !text.startsWith("Failed to load resource");
    if (broken || /Content.Security.Policy/.test(text)) page.complaints.push(text);
  });
  return page;
}

export async function signIn(page, { email, password }) {
  await page.goto("/");
  await page.getByLabel("Email").fill(email);
  await page
    .getByLabel(/^(Kata sandi|Password)/)
    .first()
    .fill(password);
  await page.getByRole("button", { name: /^(Masuk|Sign in)$/ }).click();
  // The form has a main part, too; only the frame around the pages can be walked through.
  await page.getByRole("navigation").first().waitFor();
}

/** A request of whoever is signed in there, a page or its context; the `data` of its answer. */
export async function manage({ request }, method, path, body) {
  const { csrf_token } = (await (await request.get("/v1/session")).json()).data;
  const answer = await request.fetch(path, { method, headers: { "X-CSRF-Token": csrf_token }, data: body });
  const { success, data } = await answer.json();
  assert.ok(success, `${method} ${path}: ${await answer.text()}`);
  return data;
}

export async function shoot(page, name) {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/** What a camera reads from the picture that `locator` is on the screen. */
export async function scan(locator) {
  const png = await locator.screenshot();
  const { width, height, data } = await locator.page().evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    canvas.drawImage(picture, 0, 0);
    const { width, height, data } = canvas.getImageData(0, 0, picture.width, picture.height);
    return { width, height, data: Array.from(data) };
  }, png.toString("base64"));
  return decodeQR({ width, height, data: Uint8Array.from(data) });
}

/** Nothing is wider than the screen. */
export async function fits(page, name) {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `${name} is ${wider} px wider than the screen`);
}

/** Nothing is on its way from one colour, or place, to another; what turns for ever may turn. */
async function still(page) {
  await page.evaluate(() => {
    const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime < Infinity);
    return Promise.all(ending.map(({ finished }) => finished.catch(() => {})));
  });
}

/** No serious finding of axe, nothing wider than the screen. */
export async function check(page, name) {
  await still(page);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  assert.deepEqual(serious, [], name);
  await fits(page, name);
  assert.deepEqual(page.complaints, [], name);
}
