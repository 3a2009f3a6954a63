// Starts the real binary on an empty data directory, and a receiver of webhooks.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = process.env.SERVER_BINARY ?? join(ROOT, "target/simulated/cetar");
const SIMULATOR = process.env.SIMULATOR_BINARY ?? join(ROOT, "target/simulated/debug/cetar-simulator-whatsapp-web");

/** A running server: its address, the owner's sign-in and the first key, as it printed them. */
export async function startServer({ environment = {} } = {}) {
  const data = await mkdtemp(join(tmpdir(), "cetar-dashboard-"));
  const listen = await freePort();
  const first = await run(data, listen, environment);
  let child = first.child;
  const url = `http://127.0.0.1:${listen}`;
  return {
    ...first.printed,
    data,
    url,
    /** A request of an application, with a key. */
    async api(key, path, body) {
      const response = await fetch(url + path, {
        method: body ? "POST" : "GET",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      return { status: response.status, ...(await response.json()) };
    },
    /** Ends it without asking. */
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    async start() {
      child = (await run(data, listen, environment)).child;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** One that stays free while a server is restarted: below those that the system gives to whoever asks for any. */
async function freePort() {
  for (;;) {
    const port = 10_000 + randomInt(20_000);
    const probe = createServer().listen(port, "127.0.0.1");
    const free = await once(probe, "listening").catch(() => null);
    if (!free) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}

async function run(data, port, environment) {
  const child = spawn(BINARY, ["serve", "--data-dir", data, "--listen", `127.0.0.1:${port}`], {
    env: { CETAR_LOG__LEVEL: "warn", ...process.env, CETAR_EGRESS__ALLOW: "127.0.0.0/8", ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // However this process ends, that one does not outlive it.
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  const printed = {};
  let listening = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const signIn = /(\S+@localhost)\s+(\S+)/.exec(line);
    if (signIn) Object.assign(printed, { email: signIn[1], password: signIn[2] });
    const key = /sk_test_[0-9A-Za-z]{36}/.exec(line);
    if (key) printed.testKey ??= key[0];
    listening = line.startsWith("Cetar is listening");
    if (listening) break;
  }
  assert.ok(listening, "the server ended before it listened");
  child.stdout.resume();
  return { child, printed };
}

/** WhatsApp, with phones that can scan and people who can write. `say` gives it a command, and answers its answer. */
export async function startWhatsApp() {
  const child = spawn(SIMULATOR, ["--listen", "127.0.0.1:0"], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const [address] = (await lines.next()).value.split(" ");
  /** The next line that is like this, without being asked for. */
  async function hears(like) {
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(!done, `waiting for ${like}: the simulator is gone`);
      if (like.test(value)) return value;
      assert.doesNotMatch(value, /VIOLATION|unknown command|is missing/);
    }
  }
  return {
    url: address,
    hears,
    say(command, answer) {
      child.stdin.write(`${command}\n`);
      return hears(answer);
    },
    stop: () => child.stdin.end(),
  };
}

/** Somebody's server: answers what `status` says, and keeps what came. */
export async function startReceiver() {
  const received = [];
  const receiver = { status: 200, received, url: "", stop: () => server.close() };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      received.push({ headers: request.headers, text: body, body: JSON.parse(body) });
      response.writeHead(receiver.status, { "Content-Type": "text/plain" });
      response.end(receiver.status === 200 ? "ok" : "database is down");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  receiver.url = `http://127.0.0.1:${server.address().port}/webhook`;
  return receiver;
}
