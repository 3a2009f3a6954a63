import type { ChatMessage } from "~/api/types";

/** A message with what later messages did to it. */
export interface Shown extends ChatMessage {
  reactions: string[];
  edited: boolean;
}

/**
 * The messages that stand in a chat, newest first. Reactions, edits and deletions come as messages of their own that name another
 * by its `network_id`; they change that one, and stand for themselves only where it is not here.
 */
export function thread(messages: readonly ChatMessage[]): Shown[] {
  const shown = new Map<string, Shown>();
  const order: Shown[] = [];
  for (const message of messages.toReversed()) {
    const about = message.content.message ? shown.get(message.content.message) : undefined;
    if (about && changed(about, message)) continue;
    const one: Shown = { ...message, reactions: [], edited: false };
    if (message.network_id) shown.set(message.network_id, one);
    order.push(one);
  }
  return order.reverse();
}

function changed(about: Shown, message: ChatMessage): boolean {
  if (message.type === "reaction") {
    const emoji = message.content.emoji;
    about.reactions = emoji ? [...about.reactions, emoji] : [];
  } else if (message.type === "edited" && message.content.content) {
    about.content = message.content.content;
    about.edited = true;
  } else if (message.type === "deleted") {
    about.type = "deleted";
    about.content = {};
    about.media_url = null;
  } else return false;
  return true;
}
