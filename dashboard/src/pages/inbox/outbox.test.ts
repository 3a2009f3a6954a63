import { expect, test } from "vitest";
import { ApiError } from "~/api/errors";
import { type Letter, Outbox } from "./outbox";

const CHAT = "cnv_1";
const NOBODY = new ApiError(0, "unreachable", "Failed to fetch");
const TOO_LONG = new ApiError(422, "validation_failed", "…", [
  { field: "content.text", code: "too_long", message: "terlalu panjang" } as never,
]);

/** A server that answers when told to, and a tab whose storage outlives its outbox. */
function world() {
  const posted: string[] = [];
  const answers: ((answer: string | Error) => void)[] = [];
  const storage = new Map<string, string>();
  const time = { now: 0, date: Date.parse("2026-11-22T10:00:00Z"), waited: [] as number[] };
  const taken: string[] = [];
  const open = () =>
    new Outbox({
      post: ({ key }) => {
        posted.push(key);
        return new Promise((resolve, reject) => {
          answers.push((answer) => (typeof answer === "string" ? resolve(answer) : reject(answer)));
        });
      },
      taken: ({ key }) => taken.push(key),
      now: () => time.now,
      date: () => time.date,
      wait: (milliseconds) => {
        time.waited.push(milliseconds);
        return Promise.resolve();
      },
      kept: {
        getItem: (name) => storage.get(name) ?? null,
        setItem: (name, value) => storage.set(name, value),
        removeItem: (name) => storage.delete(name),
      },
      name: "unsent",
    });
  /** Lets everything that waits for nothing else come to its end. */
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  async function answer(with_: string | Error) {
    await settle();
    answers.shift()?.(with_);
    await settle();
  }
  return { open, answer, settle, posted, taken, time, storage };
}

function letter(key: string, time: { date: number }, chat = CHAT): Omit<Letter, "stands"> {
  return {
    key,
    chat,
    request: { path: "/v1/messages", body: { to: "628", type: "text", content: { text: key } } },
    shown: { type: "text", content: { text: key }, media_url: null },
    written_at: new Date(time.date).toISOString(),
  };
}

function states(outbox: Outbox, chat = CHAT) {
  return outbox.of(chat).map(({ key, stands }) => `${key} ${stands.state}`);
}

test("a letter stands in its chat at once, and goes when the server's list has it", async () => {
  const { open, answer, time, taken } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  expect(states(outbox)).toEqual(["a going"]);
  await answer("msg_1");
  expect(states(outbox)).toEqual(["a accepted"]);
  expect(taken).toEqual(["a"]);
  outbox.settle(CHAT, new Set(["msg_1"]), 0);
  expect(states(outbox)).toEqual([]);
});

test("a letter that was pushed off the first page does not come back at the bottom", async () => {
  const { open, answer, time } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  time.now = 10;
  await answer("msg_1");
  outbox.settle(CHAT, new Set(["msg_51"]), 5);
  expect(states(outbox)).toEqual(["a accepted"]);
  outbox.settle(CHAT, new Set(["msg_51"]), 11);
  expect(states(outbox)).toEqual([]);
});

test("what is refused stays with the reason, and goes again under the same key", async () => {
  const { open, answer, posted, time } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  await answer(TOO_LONG);
  expect(outbox.of(CHAT)[0]?.stands).toMatchObject({
    state: "failed",
    why: { sure: true, said: { fields: [{ field: "content.text" }] } },
  });
  outbox.again("a");
  expect(states(outbox)).toEqual(["a going"]);
  await answer("msg_1");
  expect(states(outbox)).toEqual(["a accepted"]);
  expect(posted).toEqual(["a", "a"]);
});

test("an answer that never came is asked for again under the same key, before a person is told", async () => {
  const { open, answer, posted, time } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  await answer(NOBODY);
  expect(states(outbox)).toEqual(["a going"]);
  await answer(NOBODY);
  await answer(NOBODY);
  expect(posted).toEqual(["a", "a", "a"]);
  expect(time.waited).toEqual([1_000, 4_000]);
  expect(outbox.of(CHAT)[0]?.stands).toMatchObject({ state: "failed", why: { sure: false } });
});

test.each([
  [new ApiError(422, "http_422", ""), true],
  [new ApiError(503, "overloaded", "…"), true],
  [new ApiError(503, "http_503", ""), false],
  [new ApiError(500, "internal", "…"), false],
  [new ApiError(502, "http_502", ""), false],
  [new ApiError(408, "request_timeout", "…"), false],
])("%o: whether it was surely not taken is %s", async (error, sure) => {
  const { open, answer, time } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  for (let times = 0; times < (sure ? 1 : 3); times++) await answer(error);
  expect(outbox.of(CHAT)[0]?.stands).toMatchObject({ state: "failed", why: { sure } });
});

test("each of two letters has its own fate, in the order in which they were written", async () => {
  const { open, answer, posted, settle, time } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  outbox.send(letter("b", time));
  await settle();
  expect(posted).toEqual(["a"]);
  await answer(TOO_LONG);
  expect(states(outbox)).toEqual(["b going", "a failed"]);
  await answer("msg_2");
  expect(states(outbox)).toEqual(["b accepted", "a failed"]);
});

test("a slow chat holds up no other", async () => {
  const { open, posted, settle, time } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  outbox.send(letter("b", time, "cnv_2"));
  await settle();
  expect(posted).toEqual(["a", "b"]);
});

test("a reload in the middle of sending sends it under the same key", async () => {
  const { open, answer, posted, settle, time, storage } = world();
  open().send(letter("a", time));
  await settle();
  time.date += 5_000;
  const reloaded = open();
  expect(states(reloaded)).toEqual(["a going"]);
  await answer("for the page that is gone");
  await answer("msg_1");
  expect(states(reloaded)).toEqual(["a accepted"]);
  expect(posted).toEqual(["a", "a"]);
  expect(storage.size).toBe(0);
});

test("what was on its way when the tab was left long ago waits for a person, and after a day is not sent again", async () => {
  const { open, posted, settle, time } = world();
  open().send(letter("a", time));
  await settle();
  time.date += 3_600_000;
  const later = open();
  await settle();
  expect(states(later)).toEqual(["a failed"]);
  expect(posted).toEqual(["a"]);
  expect(later.repeatable(later.of(CHAT)[0] as Letter)).toBe(true);
  time.date += 24 * 3_600_000;
  expect(later.repeatable(later.of(CHAT)[0] as Letter)).toBe(false);
  later.again("a");
  await settle();
  expect(posted).toEqual(["a"]);
});

test("a failed letter survives a reload until it is thrown away", async () => {
  const { open, answer, time, storage } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  await answer(TOO_LONG);
  expect(states(open())).toEqual(["a failed"]);
  expect(outbox.unsent).toBe(true);
  outbox.discard("a");
  expect(outbox.unsent).toBe(false);
  expect(storage.size).toBe(0);
});

test("a chat's letters are the same list until one of them changes", () => {
  const { open, time } = world();
  const outbox = open();
  outbox.send(letter("a", time));
  const before = outbox.of(CHAT);
  outbox.send(letter("b", time, "cnv_2"));
  expect(outbox.of(CHAT)).toBe(before);
});
