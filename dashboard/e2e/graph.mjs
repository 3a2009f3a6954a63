// As much of Meta's Graph API as numbers with templates need, and the callback that Meta calls.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/** A number, the account it belongs to, and what Meta has and heard of them. */
function makeNumber(which) {
  const settings = {
    phone_number_id: `98765432${which}`,
    waba_id: `123456789${which}`,
    access_token: "EAAtoken",
    app_secret: "rahasia-aplikasi",
    verify_token: "rahasia-verifikasi",
  };
  const templates = [];
  return {
    /** What `POST /v1/devices` is given for it. */
    settings,
    sent: [],
    /** While Meta does not answer for its templates. */
    down: false,
    has(name, language, status, components) {
      const id = String(templates.length + 1);
      templates.push({ id, name, language, status, category: "UTILITY", components });
    },
    reply(method, path, body) {
      if (path === `${settings.waba_id}/message_templates`) {
        if (this.down) return [500, { error: { message: "Please retry later.", code: 2, type: "OAuthException" } }];
        return [200, { data: templates }];
      }
      if (method === "POST" && path === `${settings.phone_number_id}/messages`) {
        const message = JSON.parse(body);
        if (message.type) this.sent.push(message);
        return [200, { messaging_product: "whatsapp", messages: [{ id: `wamid.${which}-${this.sent.length}` }] }];
      }
      return [200, { id: path, throughput: { level: "STANDARD" }, success: true }];
    },
    /** Somebody wrote to it, so long ago; Meta tells `server`. */
    hears: (server, what) => call(server, settings, what),
  };
}

async function call(server, { phone_number_id, waba_id, app_secret }, { from, text, hours }) {
  const message = {
    from,
    id: `wamid.in-${from}`,
    timestamp: String(Math.floor(Date.now() / 1_000) - hours * 3_600),
    type: "text",
    text: { body: text },
  };
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "628123456789", phone_number_id },
    contacts: [{ profile: { name: "Budi Santoso" }, wa_id: from }],
    messages: [message],
  };
  const body = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: waba_id, changes: [{ field: "messages", value }] }],
  });
  const signature = createHmac("sha256", app_secret).update(body).digest("hex");
  const response = await fetch(`${server.url}/callbacks/meta`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Hub-Signature-256": `sha256=${signature}` },
    body,
  });
  assert.equal(response.status, 200, await response.text());
}

export async function startGraph() {
  const numbers = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const path = new URL(request.url, "http://graph").pathname.split("/").slice(2).join("/");
    const ids = ({ settings }) => [settings.phone_number_id, settings.waba_id];
    const number = numbers.find((each) => ids(each).includes(path.split("/")[0])) ?? numbers[0];
    const [status, answer] = number.reply(request.method, path, body);
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Another number, with templates: name, language, status, components. */
    number(templates = []) {
      const number = makeNumber(numbers.length + 1);
      for (const template of templates) number.has(...template);
      numbers.push(number);
      return number;
    },
    stop: () => server.close(),
  };
}
