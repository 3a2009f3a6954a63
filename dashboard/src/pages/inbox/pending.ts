import { useSyncExternalStore } from "react";
import type { ChatMessage } from "~/api/types";

/** Messages that were accepted and that the server's list does not show yet: they stand in the chat at once, with their clock. */
const store = { byChat: new Map<string, ChatMessage[]>(), listeners: new Set<() => void>() };
const NONE: ChatMessage[] = [];

function set(chat: string, messages: ChatMessage[]) {
  store.byChat.set(chat, messages);
  for (const listener of store.listeners) listener();
}

export function addPending(chat: string, message: ChatMessage) {
  set(chat, [message, ...(store.byChat.get(chat) ?? NONE)]);
}

/** The server took it under this id. */
export function acceptPending(chat: string, draft: string, id: string) {
  set(
    chat,
    (store.byChat.get(chat) ?? NONE).map((each) => (each.id === draft ? { ...each, id } : each)),
  );
}

export function dropPending(chat: string, id: string) {
  set(
    chat,
    (store.byChat.get(chat) ?? NONE).filter((each) => each.id !== id),
  );
}

export function usePending(chat: string, known: ChatMessage[]): ChatMessage[] {
  const pending = useSyncExternalStore(
    (listener) => {
      store.listeners.add(listener);
      return () => store.listeners.delete(listener);
    },
    () => store.byChat.get(chat) ?? NONE,
  );
  const ids = new Set(known.map((message) => message.id));
  return pending.filter((message) => !ids.has(message.id));
}
