import { useSyncExternalStore } from "react";
import type { Medium } from "./send";

/** What one has begun to write in a chat, and the medium that goes with it; `media` with an empty address is still to be typed. */
export interface Draft {
  text: string;
  media: Medium | null;
}

const PREFIX = "cetar-draft-";
const EMPTY: Draft = { text: "", media: null };
const store = { byChat: new Map<string, Draft>(), listeners: new Set<() => void>() };

function read(chat: string): Draft {
  const known = store.byChat.get(chat);
  if (known) return known;
  const draft = parse(localStorage.getItem(PREFIX + chat));
  store.byChat.set(chat, draft);
  return draft;
}

/** A draft as it was kept; before media were, it was the bare text. */
export function parse(kept: string | null): Draft {
  if (!kept) return EMPTY;
  try {
    const draft: unknown = JSON.parse(kept);
    if (typeof draft === "object" && draft !== null && "text" in draft) return draft as Draft;
  } catch {
    // Not ours: bare text.
  }
  return { text: kept, media: null };
}

/** Changes a draft, whether or not its chat is on the page: a file may have come up after one left it. */
export function changeDraft(chat: string, change: (before: Draft) => Draft) {
  const draft = change(read(chat));
  store.byChat.set(chat, draft);
  if (draft.text || draft.media) localStorage.setItem(PREFIX + chat, JSON.stringify(draft));
  else localStorage.removeItem(PREFIX + chat);
  for (const listener of store.listeners) listener();
}

/** Puts something that was sent and did not go back into the field, before what is there by now. */
export function takeBack(chat: string, { text, media }: Draft) {
  changeDraft(chat, (before) => ({
    text: [text, before.text].filter((part) => part).join("\n"),
    media: before.media ?? media,
  }));
}

function subscribe(listener: () => void) {
  store.listeners.add(listener);
  return () => {
    store.listeners.delete(listener);
  };
}

/** Survives leaving the chat, a reload, and the server's restart. */
export function useDraft(chat: string): Draft {
  return useSyncExternalStore(subscribe, () => read(chat));
}
