import { useEffect, useSyncExternalStore } from "react";
import { queries } from "~/api/query";
import type { Conversation } from "~/api/types";
import { useSession } from "~/shell/session";
import { type Letter, Outbox, settled } from "./outbox";
import { post, type Said } from "./send";

/** One a person: the server knows the keys of letters by who sent them. */
const outboxes = new Map<string, Outbox>();

const OUTBOX = "cetar-unsent-";

function outboxOf(user: string): Outbox {
  const known = outboxes.get(user);
  if (known) return known;
  const outbox = new Outbox({
    post,
    taken: ({ chat }) => {
      for (const queryKey of [["chat", chat], ["conversations"]]) void queries.invalidateQueries({ queryKey });
    },
    now: () => performance.now(),
    date: () => Date.now(),
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    kept: sessionStorage,
    name: OUTBOX + user,
  });
  outboxes.set(user, outbox);
  return outbox;
}

/** What the signed-in person sent from this tab. */
export function useOutbox(): Outbox {
  return outboxOf(useSession().user.id);
}

/** The letters of a chat that the server's list, asked for at `begun`, does not speak for yet; newest first. */
export function useLetters(chat: string, ids: ReadonlySet<string>, begun: number): Letter[] {
  const outbox = useOutbox();
  const letters = useSyncExternalStore(outbox.subscribe, () => outbox.of(chat));
  useEffect(() => outbox.settle(chat, ids, begun));
  return letters.filter((letter) => !settled(letter, ids, begun));
}

/** A name that no other request has. `randomUUID` is not there where the page came by plain http. */
function unique(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}

/** Sends into a conversation; what was sent stands in the chat at once. */
export function useSend({ id }: Conversation): (said: Said) => void {
  const outbox = useOutbox();
  return (said) => outbox.send({ ...said, key: unique(), chat: id, written_at: new Date().toISOString() });
}

/** Asks before the tab is closed while something that was written in it has not been taken by the server. */
export function useUnsentWarning(): void {
  const outbox = useOutbox();
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (outbox.unsent) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [outbox]);
}
