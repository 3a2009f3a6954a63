// Answers every text. Start: WEBHOOK_SECRET=whsec_… node auto-reply.mjs [PORT]
// The endpoint is added with --replies, so that Cetar sends what is answered here, once.
import { createServer } from "node:http";
import { isFromCetar } from "../webhooks/verify.mjs";

function answer({ event, data }) {
  if (event !== "message.received" || data.type !== "text") return {};
  const text = `Halo ${data.sender_name ?? "Kak"}, pesan Anda sudah kami terima.`;
  return { reply: { type: "text", content: { text } } };
}

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (!isFromCetar(process.env.WEBHOOK_SECRET, request.headers, body)) return response.writeHead(401).end();
  response.setHeader("Content-Type", "application/json").end(JSON.stringify(answer(JSON.parse(body))));
}).listen(Number(process.argv[2] ?? 8000), "127.0.0.1");
