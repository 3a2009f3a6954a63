import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Page } from "~/api/client";
import type { ChatMessage, MessageStatus, StreamEvent } from "~/api/types";

/** An event that webhooks do not have: a colleague read, assigned, resolved, reopened or noted something. */
interface ConversationEvent {
  event: "conversation.updated";
  data: { conversation_id: string };
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
  if (event.event === "conversation.updated") return ["conversation", "conversations", "notes"];
  if (event.event === "session.state") return ["devices", "usage", "checklist"];
  if (event.event.startsWith("endpoint.")) return ["webhooks", "deliveries"];
  const state = STATE_OF[event.event];
  const { message_id } = event.data as { message_id?: string };
  const moved = state !== undefined && message_id !== undefined && ticked(message_id, state, client);
  const chat = moved && state !== "failed" && state !== "unknown" ? [] : ["chat"];
  return [...chat, "conversation", "conversations", "job", "messages", "usage", "checklist"];
}

/** Moves a message's ticks forward, never back; whether it is on the page. */
function ticked(id: string, state: MessageStatus, client: QueryClient): boolean {
  let found = false;
  client.setQueriesData<InfiniteData<Page<ChatMessage>, unknown>>({ queryKey: ["chat"] }, (pages) => {
    if (!pages?.pages.some((page) => page.data.some((each) => each.id === id))) return pages;
    found = true;
    const move = (each: ChatMessage) => (each.id === id ? { ...each, state: later(each.state, state) } : each);
    return { ...pages, pages: pages.pages.map((page) => ({ ...page, data: page.data.map(move) })) };
  });
  return found;
}

export function later(now: MessageStatus | null, next: MessageStatus): MessageStatus {
  const [at, to] = [ORDER.indexOf(now), ORDER.indexOf(next)];
  return now !== null && at >= 0 && to >= 0 && at > to ? now : next;
}
