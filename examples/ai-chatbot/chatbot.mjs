// Lets a language model answer, over any endpoint that speaks OpenAI's chat completions.
// Start: GATEWAY_URL=https://… GATEWAY_API_KEY=sk_live_… WEBHOOK_SECRET=whsec_… OPENAI_BASE_URL=https://…/v1 OPENAI_API_KEY=… \
//     OPENAI_MODEL=… node chatbot.mjs [PORT]
import { createServer } from "node:http";
import { isFromCetar } from "../webhooks/verify.mjs";

const { GATEWAY_URL, GATEWAY_API_KEY, WEBHOOK_SECRET } = process.env;
const { OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL } = process.env;
const INSTRUCTION = "Anda adalah asisten toko kami di WhatsApp. Jawab singkat dan sopan, dalam bahasa pelanggan.";

async function askModel(question) {
  const response = await fetch(`${OPENAI_BASE_URL}/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${OPENAI_API_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      model: OPENAI_MODEL,
      messages: [
        { role: "system", content: INSTRUCTION },
        { role: "user", content: question },
      ],
    }),
    signal: AbortSignal.timeout(10_000), // Cetar waits for 15 seconds in all.
  });
  if (!response.ok) throw new Error(`the model answered ${response.status}`);
  return (await response.json()).choices[0].message.content;
}

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
    signal: AbortSignal.timeout(3_000),
  });
  // 422: it cannot be sent, or was, in other words. To come again would not help.
  if (!response.ok && response.status !== 422) throw new Error(`Cetar answered ${response.status}`);
}

async function handle(event, webhookId) {
  if (event.event !== "message.received" || event.data.type !== "text") return;
  await reply(event, await askModel(event.data.text), webhookId);
}

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (!isFromCetar(WEBHOOK_SECRET, request.headers, body)) return response.writeHead(401).end();
  try {
    await handle(JSON.parse(body), request.headers["webhook-id"]);
    response.writeHead(204).end();
  } catch {
    response.writeHead(503).end(); // No answer, or it could not be sent: Cetar comes again.
  }
}).listen(Number(process.argv[2] ?? 8000), "127.0.0.1");
