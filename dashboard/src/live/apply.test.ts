import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { apply, type LiveEvent, later } from "./apply";

function told(event: string, message_id: string): LiveEvent {
  return { event, data: { message_id, job_id: "job_1" } } as unknown as LiveEvent;
}

function withMessage(state: string) {
  const client = new QueryClient();
  client.setQueryData(["chat", "cnv_1"], {
    pages: [{ data: [{ id: "msg_1", state }], has_more: false }],
    pageParams: [],
  });
  const now = () =>
    client.getQueryData<{ pages: { data: { state: string }[] }[] }>(["chat", "cnv_1"])?.pages[0]?.data[0]?.state;
  return { client, now };
}

test("a receipt moves the ticks of a message on the page without reading the chat again", () => {
  const { client, now } = withMessage("sent");
  expect(apply(told("message.delivered", "msg_1"), client)).not.toContain("chat");
  expect(now()).toBe("delivered");
});

test("a receipt that comes late takes nothing back", () => {
  const { client, now } = withMessage("read");
  apply(told("message.delivered", "msg_1"), client);
  expect(now()).toBe("read");
});

test("a failure is shown whatever was there, and its reason is read", () => {
  const { client, now } = withMessage("sent");
  expect(apply(told("message.failed", "msg_1"), client)).toContain("chat");
  expect(now()).toBe("failed");
});

test("a message that is not on the page makes the chat stale", () => {
  const { client } = withMessage("sent");
  expect(apply(told("message.received", "msg_2"), client)).toContain("chat");
});

test("ticks are ordered", () => {
  expect(later(null, "sent")).toBe("sent");
  expect(later("read", "sent")).toBe("read");
  expect(later("unknown", "sent")).toBe("sent");
});

test("what a colleague did shows on a row of the list at once", () => {
  const client = new QueryClient();
  const list = (state: string, unread: number) => ({
    pages: [{ data: [{ id: "cnv_1", state, unread, assigned_to: null }], has_more: false }],
    pageParams: [],
  });
  client.setQueryData(["conversations", {}], list("open", 2));
  const data = { conversation_id: "cnv_1", unread: 0, resolved: true, assigned_to: null };
  apply({ event: "conversation.updated", data }, client);
  expect(client.getQueryData(["conversations", {}])).toEqual(list("resolved", 0));
});
