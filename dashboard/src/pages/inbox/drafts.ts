import { useEffect, useState } from "react";

const key = (chat: string) => `cetar-draft-${chat}`;

/** What one has begun to write in a chat; survives leaving it, a reload, and the server's restart. */
export function useDraft(chat: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => localStorage.getItem(key(chat)) ?? "");
  useEffect(() => {
    if (text) localStorage.setItem(key(chat), text);
    else localStorage.removeItem(key(chat));
  }, [chat, text]);
  return [text, setText];
}
