import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Page } from "~/api/client";
import type { ChatMessage, Conversation, LoggedMessage, MessageStatus, StreamEvent } from "~/api/types";

/** An event that webhooks do not have: a colleague read, assigned, resolved, reopened or noted something. */
interface ConversationEvent {
  event: "conversation.updated";
  data: { conversation_id: string; unread: number; resolved: boolean; assigned_to: string | null };
}
export type LiveEvent = StreamEvent | ConversationEvent;

const STATE_OF: Record<string, MessageStatus | undefined> = {
  "message.sent": "sent",
  "message.delivered": "delivered",
  "message.read": "read",
  "message.failed": "failed",
  "message.unknown": "unknown",
};
const ORDER: readonly (MessageStatus | null)[] = ["queued", "sending", "sent", "delivered", "read"];

/** The first words of the keys of what the event made stale. What can be known from the event itself is changed at once. */
export function apply(event: LiveEvent, client: QueryClient): string[] {
  if (event.event === "conversation.updated") {
    changed(event.data as ConversationEvent["data"], client);
    return ["conversation", "conversations", "notes"];
  }
  if (event.event === "session.state") return ["devices", "usage", "checklist"];
  if (event.event.startsWith("endpoint.")) return ["webhooks", "deliveries"];
  const state = STATE_OF[event.event];
  const { message_id } = event.data as { message_id?: string };
  const moved = state !== undefined && message_id !== undefined && ticked(message_id, state, client);
  const chat = moved && state !== "failed" && state !== "unknown" ? [] : ["chat"];
  return [...chat, "conversation", "conversations", "job", "message", "messages", "usage", "checklist"];
}

/** Changes the rows with this id in every list of `thing` that is kept; whether there was one. */
function change<R extends { id: string }>(client: QueryClient, thing: string, id: string, to: (row: R) => R): boolean {
  let found = false;
  client.setQueriesData<InfiniteData<Page<R>, unknown>>({ queryKey: [thing] }, (pages) => {
    if (!pages?.pages.some((page) => page.data.some((each) => each.id === id))) return pages;
    found = true;
    const move = (each: R) => (each.id === id ? to(each) : each);
    return { ...pages, pages: pages.pages.map((page) => ({ ...page, data: page.data.map(move) })) };
  });
  return found;
}

/** Moves a message's ticks forward, never back, in its chat and in the log; whether its chat is on the page. */
function ticked(id: string, state: MessageStatus, client: QueryClient): boolean {
  const move = <R extends { state: MessageStatus }>(row: R): R => ({ ...row, state: later(row.state, state) });
  change<LoggedMessage>(client, "messages", id, move);
  return change<ChatMessage>(client, "chat", id, move);
}

/** A row far down, which is not read again, says what a colleague did as well. */
function changed({ conversation_id, unread, resolved, assigned_to }: ConversationEvent["data"], client: QueryClient) {
  change<Conversation>(client, "conversations", conversation_id, (row) => ({
    ...row,
    unread,
    assigned_to,
    state: resolved ? "resolved" : "open",
  }));
}

export function later(now: MessageStatus | null, next: MessageStatus): MessageStatus {
  const [at, to] = [ORDER.indexOf(now), ORDER.indexOf(next)];
  return now !== null && at >= 0 && to >= 0 && at > to ? now : next;
}
