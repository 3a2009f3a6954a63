// As much of Meta's Graph API as one number with templates needs, and the callback that Meta calls.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

const NUMBER = "987654321";
const WABA = "1234567890";
const SECRET = "rahasia-aplikasi";

/** What `POST /v1/devices` is given for the number. */
export const SETTINGS = {
  phone_number_id: NUMBER,
  waba_id: WABA,
  access_token: "EAAtoken",
  app_secret: SECRET,
  verify_token: "rahasia-verifikasi",
};

export async function startGraph() {
  const graph = { templates: [], sent: [], down: false, url: "", stop: () => server.close() };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const path = new URL(request.url, "http://graph").pathname.split("/").slice(2).join("/");
    const [status, answer] = reply(graph, request.method, path, body);
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  graph.url = `http://127.0.0.1:${server.address().port}`;
  return graph;
}

function reply(graph, method, path, body) {
  if (path === `${WABA}/message_templates`) {
    if (graph.down) return [500, { error: { message: "Please retry later.", code: 2, type: "OAuthException" } }];
    return [200, { data: graph.templates }];
  }
  if (method === "POST" && path === `${NUMBER}/messages`) {
    const message = JSON.parse(body);
    if (message.type) graph.sent.push(message);
    return [200, { messaging_product: "whatsapp", messages: [{ id: `wamid.${graph.sent.length}` }] }];
  }
  return [200, { id: path, throughput: { level: "STANDARD" }, success: true }];
}

/** Somebody wrote to the number, so long ago. */
export async function writes(server, { from, text, hours }) {
  const message = {
    from,
    id: `wamid.in-${from}`,
    timestamp: String(Math.floor(Date.now() / 1_000) - hours * 3_600),
    type: "text",
    text: { body: text },
  };
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "628123456789", phone_number_id: NUMBER },
    contacts: [{ profile: { name: "Budi Santoso" }, wa_id: from }],
    messages: [message],
  };
  const body = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: WABA, changes: [{ field: "messages", value }] }],
  });
  const signature = createHmac("sha256", SECRET).update(body).digest("hex");
  const response = await fetch(`${server.url}/callbacks/meta`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Hub-Signature-256": `sha256=${signature}` },
    body,
  });
  assert.equal(response.status, 200, await response.text());
}
