// As much of Telegram's Bot API as one bot in private chats needs.
import { once } from "node:events";
import { createServer } from "node:http";

const TOKEN = "123456789:AAFakeTokenOfTheBrowserTests0123456";
const BOT = { id: 123456789, is_bot: true, first_name: "Toko", username: "toko_bot" };

/** What happens is told to whoever asks for updates with `token`; another token is refused. */
export async function startTelegram() {
  const updates = [];
  const waiting = new Set();
  let last = 0;
  let message = 0;
  const telegram = {
    token: TOKEN,
    sent: [],
    url: "",
    happens(update) {
      updates.push({ update_id: ++last, ...update });
      for (const look of waiting) look();
    },
    says({ id, name, text }) {
      const date = Math.floor(Date.now() / 1_000);
      telegram.happens({
        message: { message_id: ++message, date, chat: chat(id, name), from: person(id, name), text },
      });
    },
    blocks({ id, name }) {
      const date = Math.floor(Date.now() / 1_000);
      const member = (status) => ({ user: BOT, status });
      telegram.happens({
        my_chat_member: {
          chat: chat(id, name),
          from: person(id, name),
          date,
          old_chat_member: member("member"),
          new_chat_member: member("kicked"),
        },
      });
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };

  async function result(method, params, request) {
    switch (method) {
      case "getMe":
        return BOT;
      case "getWebhookInfo":
        return { url: "" };
      case "getUpdates":
        return pending(params, request);
      case "sendMessage":
        telegram.sent.push(params);
        return { message_id: ++message, date: Math.floor(Date.now() / 1_000), chat: chat(Number(params.chat_id), "") };
      default:
        return true;
    }
  }

  /** Those from the offset on; where there are none the question stays open, as long as it says. */
  async function pending({ offset = 0, timeout = 0 }, request) {
    const news = () => updates.filter(({ update_id }) => update_id >= offset);
    if (news().length === 0) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Number(timeout) * 1_000);
        waiting.add(resolve);
        request.on("close", () => clearTimeout(timer));
      });
    }
    return news();
  }

  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const [, token, method] = /^\/bot([^/]+)\/(\w+)/.exec(request.url) ?? [];
    const known = token === telegram.token;
    const answer = known
      ? { ok: true, result: await result(method, body ? JSON.parse(body) : {}, response) }
      : { ok: false, error_code: 401, description: "Unauthorized" };
    response.writeHead(known ? 200 : 401, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  telegram.url = `http://127.0.0.1:${server.address().port}`;
  return telegram;
}

function person(id, first_name) {
  return { id, is_bot: false, first_name };
}

function chat(id, first_name) {
  return { id, type: "private", first_name };
}
