// Answers every message.
// Start: GATEWAY_URL=https://… GATEWAY_API_KEY=sk_live_… WEBHOOK_SECRET=whsec_… node auto-reply.mjs [PORT]
import { createServer } from "node:http";
import { isFromCetar } from "../webhooks/verify.mjs";

const { GATEWAY_URL, GATEWAY_API_KEY, WEBHOOK_SECRET } = process.env;

/** Sends a text. The same webhook can come twice: under its id, the second time sends nothing. */
async function reply({ channel, session_id, data }, text, webhookId) {
  const response = await fetch(`${GATEWAY_URL}/v1/messages`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${GATEWAY_API_KEY}`,
      "Content-Type": "application/json",
      "Idempotency-Key": webhookId,
    },
    body: JSON.stringify({ channel, session_id, to: data.from, type: "text", content: { text } }),
    signal: AbortSignal.timeout(10_000),
  });
  // 422: it cannot be sent, or was, in other words. To come again would not help.
  if (!response.ok && response.status !== 422) throw new Error(`Cetar answered ${response.status}`);
}

async function handle(event, webhookId) {
  if (event.event !== "message.received" || event.data.type !== "text") return;
  const name = event.data.sender_name ?? "Kak";
  await reply(event, `Halo ${name}, pesan Anda sudah kami terima.`, webhookId);
}

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (!isFromCetar(WEBHOOK_SECRET, request.headers, body)) return response.writeHead(401).end();
  try {
    await handle(JSON.parse(body), request.headers["webhook-id"]);
    response.writeHead(204).end();
  } catch {
    response.writeHead(503).end(); // It could not be sent: Cetar comes again.
  }
}).listen(Number(process.argv[2] ?? 8000), "127.0.0.1");
