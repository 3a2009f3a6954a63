import { expect, test } from "vitest";
import type { ChatMessage } from "~/api/types";
import { thread } from "./thread";

function message(id: string, type: ChatMessage["type"], content: ChatMessage["content"]): ChatMessage {
  return {
    id,
    type,
    content,
    network_id: `net-${id}`,
    job_id: null,
    direction: "in",
    echo: false,
    state: "delivered",
    error: null,
    sender: null,
    reply_to: null,
    media_url: null,
    at: "2026-11-22T00:00:00Z",
  };
}
const HELLO = message("1", "text", { text: "Halo" });

test("a reaction stands on the message that it is about", () => {
  const [one, ...others] = thread([message("2", "reaction", { message: "net-1", emoji: "👍" }), HELLO]);
  expect(one?.reactions).toEqual(["👍"]);
  expect(others).toEqual([]);
});

test("an empty emoji takes a reaction back", () => {
  const chat = [
    message("3", "reaction", { message: "net-1", emoji: "" }),
    message("2", "reaction", { message: "net-1", emoji: "👍" }),
    HELLO,
  ];
  expect(thread(chat)[0]?.reactions).toEqual([]);
});

test("an edit changes the words, a deletion takes them away", () => {
  const edit = message("2", "edited", { message: "net-1", content: { text: "Hai" } });
  expect(thread([edit, HELLO])[0]).toMatchObject({ content: { text: "Hai" }, edited: true });
  const deletion = message("3", "deleted", { message: "net-1" });
  expect(thread([deletion, edit, HELLO])).toMatchObject([{ type: "deleted", content: {} }]);
});

test("what is about a message that is not here stands for itself", () => {
  expect(thread([message("2", "reaction", { message: "net-0", emoji: "👍" }), HELLO])).toHaveLength(2);
});
