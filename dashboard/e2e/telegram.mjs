// As much of Telegram's Bot API as bots in chats and groups need.
import { once } from "node:events";
import { createServer } from "node:http";

const SECRET = "AAFakeTokenOfTheBrowserTests0123456";

const now = () => Math.floor(Date.now() / 1_000);
const person = ({ id, name }) => ({ id, is_bot: false, first_name: name });
const chatOf = ({ id, name }) =>
  id < 0 ? { id, type: "supergroup", title: name } : { id, type: "private", first_name: name };

/** What happens to a bot is told to whoever asks for updates with its token. */
function makeBot(number) {
  const me = { id: number, is_bot: true, first_name: "Toko", username: `toko_${number}_bot` };
  const updates = [];
  const waiting = new Set();
  let last = 0;
  let message = 0;

  function happens(update) {
    updates.push({ update_id: ++last, ...update });
    for (const look of waiting) look();
  }

  function becomes(before, after, { group, ...who }) {
    const member = (status) => ({ user: me, status });
    const [from, chat] = [person(who), chatOf(group ?? who)];
    const [old_chat_member, new_chat_member] = [member(before), member(after)];
    happens({ my_chat_member: { chat, from, date: now(), old_chat_member, new_chat_member } });
  }

  /** Those from the offset on; where there are none the question stays open, as long as it says. */
  async function pending({ offset = 0, timeout = 0 }, request) {
    const news = () => updates.filter(({ update_id }) => update_id >= offset);
    if (news().length === 0) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Number(timeout) * 1_000);
        waiting.add(resolve);
        request.on("close", () => {
          clearTimeout(timer);
          waiting.delete(resolve);
        });
      });
    }
    return news();
  }

  return {
    /** The one that Telegram takes at present. */
    token: `${number}:${SECRET}`,
    sent: [],
    /** Somebody writes, to the bot or into a `group` it is in. */
    says({ text, group, ...who }) {
      const chat = chatOf(group ?? who);
      happens({ message: { message_id: ++message, date: now(), chat, from: person(who), text } });
    },
    /** Somebody blocks it, or puts it out of their `group`. */
    putsOut: (where) => becomes("member", "kicked", where),
    /** And takes it in again. */
    takesIn: (where) => becomes("kicked", "member", where),
    async result(method, params, request) {
      switch (method) {
        case "getMe":
          return me;
        case "getWebhookInfo":
          return { url: "" };
        case "getUpdates":
          return pending(params, request);
        case "sendMessage":
          this.sent.push(params);
          return { message_id: ++message, date: now(), chat: chatOf({ id: Number(params.chat_id), name: "" }) };
        default:
          return true;
      }
    },
  };
}

/** Telegram, with as many bots as are asked for; a token that is none of theirs is refused. */
export async function startTelegram() {
  const bots = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const [, token, method] = /^\/bot([^/]+)\/(\w+)/.exec(request.url) ?? [];
    const bot = bots.find((each) => each.token === token);
    const answer = bot
      ? { ok: true, result: await bot.result(method, body ? JSON.parse(body) : {}, response) }
      : { ok: false, error_code: 401, description: "Unauthorized" };
    response.writeHead(bot ? 200 : 401, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    bot() {
      const bot = makeBot(123456789 + bots.length);
      bots.push(bot);
      return bot;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
