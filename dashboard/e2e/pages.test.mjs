import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { check, launch, openPage, shoot, signIn } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server;
let browser;
let addresses;

before(async () => {
  server = await startServer();
  browser = await launch();
  const context = await browser.newContext();
  const page = await openPage(context);
  await signIn(page, server);
  // What a page of an object needs is made over the API, as its owner.
  addresses = await page.evaluate(async () => {
    const { csrf_token } = (await (await fetch("/v1/session")).json()).data;
    const post = async (path, body) => {
      const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token };
      return (await (await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })).json()).data;
    };
    const devices = (await (await fetch("/v1/devices")).json()).data;
    const device = devices.find((each) => each.channel === "whatsapp");
    const unlinked = await post("/v1/devices", { channel: "whatsapp", name: "CS 1" });
    const template = await post("/v1/templates", {
      name: "Tagihan",
      title: "Toko Maju",
      text: "Halo {{1}}, tagihan Anda {{2}}.",
      buttons: [{ id: "BAYAR", text: "Sudah bayar" }],
    });
    const webhook = await post("/v1/webhooks", { url: "http://127.0.0.1:9/webhook" });
    const invited = await post("/v1/users", { email: "rina@contoh.com", role: "agent" });
    await post(`/v1/devices/${device.id}/phone`, {
      from: "6281234567001",
      type: "text",
      text: "Halo, saya butuh bantuan!",
    });
    return {
      device: device.id,
      unlinked: unlinked.id,
      template: template.id,
      webhook: webhook.id,
      invitation: invited.invitation_url,
    };
  });
  await context.close();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

function pages() {
  const { device, unlinked, template, webhook } = addresses;
  return {
    overview: "/",
    inbox: "/inbox",
    devices: "/devices",
    "device-new": "/devices/new?channel=whatsapp-official",
    device: `/devices/${device}`,
    link: `/devices/${unlinked}`,
    templates: "/broadcast/templates",
    template: `/broadcast/templates/${template}`,
    "template-new": "/broadcast/templates/new",
    keys: "/developers",
    webhooks: "/developers/webhooks",
    webhook: `/developers/webhooks/${webhook}`,
    messages: "/developers/messages",
    samples: "/developers/samples?request=button",
    reference: "/developers/reference",
    docs: "/docs",
    account: "/settings/account",
    workspace: "/settings",
    official: "/settings/channels/whatsapp-official",
    telegram: "/settings/channels/telegram",
    messenger: "/settings/channels/messenger",
    instagram: "/settings/channels/instagram",
    users: "/settings/users",
    plan: "/settings/plan",
    addresses: "/settings/addresses",
    audit: "/settings/audit",
    "not-found": "/tidak-ada",
  };
}

/** Everything that was asked for has come, and nothing is grey any more. */
async function settled(page) {
  await page.locator("h1, h2").first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[role="status"][aria-label]'));
}

for (const { width, scheme, language } of [
  { width: 1280, scheme: "light", language: "id" },
  { width: 1280, scheme: "dark", language: "en" },
  { width: 360, scheme: "light", language: "en" },
  { width: 360, scheme: "dark", language: "id" },
]) {
  test(`every page is whole at ${width} px, ${scheme}, in ${language}`, async () => {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme: scheme,
      bypassCSP: true,
    });
    const page = await openPage(context);
    const look = `${width}-${scheme}-${language}`;
    await page.goto(server.url);
    await page.getByLabel("Email").waitFor();
    await check(page, `sign-in ${look}`);
    await shoot(page, `sign-in-${look}`);
    await page.goto(new URL(new URL(addresses.invitation).pathname, server.url).href);
    await settled(page);
    await check(page, `invitation ${look}`);
    await shoot(page, `invitation-${look}`);
    await signIn(page, server);
    await page.evaluate((kept) => localStorage.setItem("cetar-language", kept), language);
    for (const [name, path] of Object.entries(pages())) {
      await page.goto(server.url + path);
      await settled(page);
      assert.equal(await page.locator("html").getAttribute("lang"), language);
      await check(page, `${name} ${look}`);
      await shoot(page, `${name}-${look}`);
    }
    await context.close();
  });
}
