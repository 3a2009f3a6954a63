// Lets a language model answer, over any endpoint that speaks OpenAI's chat completions.
// Start: WEBHOOK_SECRET=whsec_… OPENAI_BASE_URL=https://…/v1 OPENAI_API_KEY=… OPENAI_MODEL=… node chatbot.mjs [PORT]
// The endpoint is added with --replies, so that Cetar sends what is answered here, once.
import { createServer } from "node:http";
import { isFromCetar } from "../webhooks/verify.mjs";

const { WEBHOOK_SECRET, OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL } = process.env;
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
    signal: AbortSignal.timeout(12_000), // Cetar waits for 15 seconds in all.
  });
  if (!response.ok) throw new Error(`the model answered ${response.status}`);
  return (await response.json()).choices[0].message.content;
}

async function answer({ event, data }) {
  if (event !== "message.received" || data.type !== "text") return {};
  return { reply: { type: "text", content: { text: await askModel(data.text) } } };
}

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (!isFromCetar(WEBHOOK_SECRET, request.headers, body)) return response.writeHead(401).end();
  try {
    const said = JSON.stringify(await answer(JSON.parse(body)));
    response.setHeader("Content-Type", "application/json").end(said);
  } catch {
    response.writeHead(503).end(); // The model did not answer: Cetar comes again.
  }
}).listen(Number(process.argv[2] ?? 8000), "127.0.0.1");
