import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { check, launch, manage, newOwner, openPage, shoot, signIn } from "./browser.mjs";
import { startServer } from "./server.mjs";

const CUSTOMER = "6281234567001";
const LOOKS = [
  { width: 1280, language: "id" },
  { width: 360, language: "en" },
];
const SCHEMES = ["light", "dark"];
const owners = [];
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
  const devices = await manage(page, "GET", "/v1/devices");
  const device = devices.find((each) => each.channel === "whatsapp");
  const phone = { from: CUSTOMER, type: "text", text: "Halo, saya butuh bantuan!" };
  await manage(page, "POST", `/v1/devices/${device.id}/phone`, phone);
  const unlinked = await manage(page, "POST", "/v1/devices", { channel: "whatsapp", name: "CS 1" });
  const template = await manage(page, "POST", "/v1/templates", {
    name: "Tagihan",
    title: "Toko Maju",
    text: "Halo {{1}}, tagihan Anda {{2}}.",
    buttons: [{ id: "BAYAR", text: "Sudah bayar" }],
  });
  const webhook = await manage(page, "POST", "/v1/webhooks", { url: "http://127.0.0.1:9/webhook" });
  const sent = await manage(page, "POST", "/v1/send-template", {
    to: CUSTOMER,
    session_id: device.id,
    template_id: template.id,
    variables: ["Ana", "Rp 500.000"],
  });
  const invited = await manage(page, "POST", "/v1/users", { email: "rina@contoh.com", role: "agent" });
  const [conversation] = await manage(page, "GET", "/v1/conversations");
  addresses = {
    device: device.id,
    unlinked: unlinked.id,
    template: template.id,
    webhook: webhook.id,
    job: sent.job_id,
    conversation: conversation.id,
    invitation: new URL(invited.invitation_url).pathname,
  };
  for (const { width } of LOOKS) owners.push(await newOwner(page, `${width}@contoh.com`));
  await context.close();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

function pages() {
  const { device, unlinked, template, webhook, job, conversation } = addresses;
  return {
    overview: "/",
    inbox: "/inbox",
    conversation: `/inbox/${conversation}`,
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
    message: `/developers/messages?job=${job}`,
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
  await page.locator("h1:visible, h2:visible").first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[role="status"][aria-label]'));
}

for (const [index, { width, language }] of LOOKS.entries()) {
  test(`every page is whole at ${width} px, in ${language}, in the light and in the dark`, async () => {
    const context = await browser.newContext({ viewport: { width, height: 800 }, bypassCSP: true });
    await context.addInitScript((kept) => localStorage.setItem("cetar-language", kept), language);
    const page = await openPage(context);
    const walk = async (name, path) => {
      await page.goto(server.url + path);
      await settled(page);
      assert.equal(await page.locator("html").getAttribute("lang"), language);
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
        const look = `${name}-${width}-${colorScheme}-${language}`;
        await check(page, look);
        await shoot(page, look);
      }
    };
    await walk("sign-in", "/");
    await walk("invitation", addresses.invitation);
    await signIn(page, server, owners[index]);
    for (const [name, path] of Object.entries(pages())) await walk(name, path);
    await context.close();
  });
}
