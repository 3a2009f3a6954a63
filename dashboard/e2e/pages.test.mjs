import assert from "node:assert/strict";
import { test } from "node:test";
import { check, manage, shoot, signIn } from "./browser.mjs";
import { stage } from "./stage.mjs";

const CUSTOMER = "6281234567001";
const LOOKS = [
  { width: 1280, language: "id" },
  { width: 360, language: "en" },
];
const SCHEMES = ["light", "dark"];
const { owner, stranger, newcomer, sandbox, written } = await stage();

// What a page of an object needs.
const device = await sandbox();
const conversation = await written(CUSTOMER, "Halo, saya butuh bantuan!");
const unlinked = await manage(owner, "POST", "/v1/devices", { channel: "whatsapp", name: "CS 1" });
const template = await manage(owner, "POST", "/v1/templates", {
  name: "Tagihan",
  title: "Toko Maju",
  text: "Halo {{1}}, tagihan Anda {{2}}.",
  buttons: [{ id: "BAYAR", text: "Sudah bayar" }],
});
const webhook = await manage(owner, "POST", "/v1/webhooks", { url: "http://127.0.0.1:9/webhook" });
const sent = await manage(owner, "POST", "/v1/send-template", {
  to: CUSTOMER,
  session_id: device.id,
  template_id: template.id,
  variables: ["Ana", "Rp 500.000"],
});
const invited = await manage(owner, "POST", "/v1/users", { email: "rina@contoh.com", role: "agent" });

const PAGES = {
  overview: "/",
  inbox: "/inbox",
  conversation: `/inbox/${conversation.id}`,
  devices: "/devices",
  "device-new": "/devices/new?channel=whatsapp-official",
  device: `/devices/${device.id}`,
  link: `/devices/${unlinked.id}`,
  templates: "/broadcast/templates",
  template: `/broadcast/templates/${template.id}`,
  "template-new": "/broadcast/templates/new",
  keys: "/developers",
  webhooks: "/developers/webhooks",
  webhook: `/developers/webhooks/${webhook.id}`,
  messages: "/developers/messages",
  message: `/developers/messages?job=${sent.job_id}`,
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

/** Everything that was asked for has come, and nothing is grey any more. */
async function settled(page) {
  await page.locator("h1:visible, h2:visible").first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[role="status"][aria-label]'));
}

for (const { width, language } of LOOKS) {
  test(`every page is whole at ${width} px, in ${language}, in the light and in the dark`, async () => {
    // Somebody of their own, since each person has a limit of requests.
    const { person } = await newcomer({ email: `${width}@contoh.com` });
    const page = await stranger({ viewport: { width, height: 800 } });
    await page.addInitScript((kept) => localStorage.setItem("cetar-language", kept), language);
    const walk = async (name, path) => {
      await page.goto(path);
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
    await walk("invitation", new URL(invited.invitation_url).pathname);
    await signIn(page, person);
    for (const [name, path] of Object.entries(PAGES)) await walk(name, path);
  });
}
