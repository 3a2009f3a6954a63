// Writes every event to PostgreSQL, once. Needs the package `pg` (npm install pg).
// Start: WEBHOOK_SECRET=whsec_… DATABASE=postgres://… node record.mjs [PORT]
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { isFromCetar } from "../webhooks/verify.mjs";

const { Pool } = createRequire(import.meta.url)("pg");
const { WEBHOOK_SECRET, DATABASE } = process.env;
const database = new Pool({ connectionString: DATABASE });
database.on("error", () => {}); // An idle connection that broke is replaced.
await database.query("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, event TEXT NOT NULL, body TEXT NOT NULL)");

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (!isFromCetar(WEBHOOK_SECRET, request.headers, body)) return response.writeHead(401).end();
  // The same webhook can come twice: its id stays, so the second time changes nothing.
  const row = [request.headers["webhook-id"], JSON.parse(body).event, body.toString()];
  try {
    await database.query("INSERT INTO events (id, event, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING", row);
    response.writeHead(204).end();
  } catch {
    response.writeHead(503).end(); // Not written: Cetar comes again.
  }
}).listen(Number(process.argv[2] ?? 8000), "127.0.0.1");
