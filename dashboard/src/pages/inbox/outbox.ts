/** What was sent from this tab and does not stand in the server's list yet, or never came there. */
import { ApiError, type Refusal } from "~/api/errors";
import type { ChatMessage } from "~/api/types";
import type { SendRequest } from "./send";

/**
 * Why it failed: what the server said, or nothing where the page was left before it answered. `sure`: it was not taken; else it may
 * have been, and only the same key keeps it from being sent twice.
 */
export interface Failure {
  said: Refusal | null;
  sure: boolean;
}

export interface Letter {
  /** Its Idempotency-Key: however often it is posted, it is sent once. */
  key: string;
  chat: string;
  request: SendRequest;
  shown: Pick<ChatMessage, "type" | "content" | "media_url">;
  /** ISO 8601. */
  written_at: string;
  /** `accepted` carries the server's id, and when its answer came, on the clock of {@link Outbox}. */
  stands: { state: "going" } | { state: "accepted"; id: string; at: number } | { state: "failed"; why: Failure };
}

interface World {
  /** Hands it to the server; its message id. */
  post: (letter: Letter) => Promise<string>;
  /** The server took it: its list has it from now on. */
  taken: (letter: Letter) => void;
  /** Milliseconds that never go back, of the same clock as `begun` of {@link Outbox.settle}. */
  now: () => number;
  /** Milliseconds since 1970. */
  date: () => number;
  wait: (milliseconds: number) => Promise<void>;
  /** Where letters survive a reload of the tab. */
  kept: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Under which name. */
  name: string;
}

/** How long after an answer that never came it is asked again, in milliseconds. The key makes that harmless. */
const AGAIN_MS = [1_000, 4_000];
/** After a reload, those that are no older than this go on by themselves: their writer is still there. */
const RESUMED_MS = 120_000;
/** The server knows a key for 24 hours. */
const KEY_MS = 23 * 3_600_000;
const NONE: readonly Letter[] = [];

/** Whether the server judged it: then it was not taken. What an unknown proxy says leaves that open, but for its refusals. */
function judged(error: ApiError): boolean {
  if (error.status === 408) return false;
  return (error.status >= 400 && error.status < 500) || (error.status === 503 && error.code !== "http_503");
}

function failure(error: unknown): Failure {
  if (!(error instanceof ApiError)) return { said: null, sure: false };
  const { status, code, message, fields, requestId } = error;
  return { said: { status, code, message, fields, requestId }, sure: judged(error) };
}

const LEFT: Letter["stands"] = { state: "failed", why: { said: null, sure: false } };

/**
 * A letter goes at once and stands in its chat until the server's own list has it. Those of one chat go one after the other, so they
 * arrive in the order in which they were written. One that fails stays, with the reason, until a person sends it again, takes it back
 * or throws it away.
 */
export class Outbox {
  #letters: readonly Letter[];
  readonly #listeners = new Set<() => void>();
  /** The last of each chat to come to its end. */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #chats = new Map<string, { of: readonly Letter[]; found: readonly Letter[] }>();

  constructor(readonly world: World) {
    // Whether the server took those that were on their way is not known; under their key it can be asked safely.
    const fresh = (letter: Letter) => this.#age(letter) < RESUMED_MS;
    this.#letters = this.#read().map((each) =>
      each.stands.state === "going" && !fresh(each) ? { ...each, stands: LEFT } : each,
    );
    for (const letter of this.#letters.toReversed()) if (letter.stands.state === "going") this.#go(letter);
  }

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  /** The letters of a chat, newest first. The same array as long as nothing changes. */
  of(chat: string): readonly Letter[] {
    const before = this.#chats.get(chat);
    if (before?.of === this.#letters) return before.found;
    const found = this.#letters.filter((letter) => letter.chat === chat);
    const same = before?.found.length === found.length && found.every((letter, at) => letter === before.found[at]);
    const now = same && before ? before.found : found.length > 0 ? found : NONE;
    this.#chats.set(chat, { of: this.#letters, found: now });
    return now;
  }

  /** Whether leaving the page would lose something that a person wrote. */
  get unsent(): boolean {
    return this.#letters.some(({ stands }) => stands.state !== "accepted");
  }

  send(letter: Omit<Letter, "stands">) {
    const going: Letter = { ...letter, stands: { state: "going" } };
    this.#set([going, ...this.#letters]);
    this.#go(going);
  }

  /** Whether it can be sent again without the danger that it is sent twice. */
  repeatable(letter: Letter): boolean {
    return letter.stands.state === "failed" && (letter.stands.why.sure || this.#age(letter) < KEY_MS);
  }

  /** Sends one that failed again, under the key that it had. */
  again(key: string) {
    const letter = this.#letters.find((each) => each.key === key);
    if (!letter || !this.repeatable(letter)) return;
    this.#stand(key, { state: "going" });
    this.#go(letter);
  }

  discard(key: string) {
    this.#set(this.#letters.filter((letter) => letter.key !== key));
  }

  /**
   * Lets go of what the server's list shows by now: `ids` are in it, and its first page was asked for at `begun`. A list that was asked
   * for after a letter was accepted has it, if not on the pages that were read.
   */
  settle(chat: string, ids: ReadonlySet<string>, begun: number) {
    const left = this.#letters.filter((letter) => letter.chat !== chat || !settled(letter, ids, begun));
    if (left.length < this.#letters.length) this.#set(left);
  }

  #age({ written_at }: Letter): number {
    return this.world.date() - Date.parse(written_at);
  }

  #go(letter: Letter) {
    const before = this.#lines.get(letter.chat) ?? Promise.resolve();
    this.#lines.set(
      letter.chat,
      before.then(() => this.#deliver(letter)),
    );
  }

  async #deliver(letter: Letter) {
    for (let times = 0; ; times++) {
      try {
        const id = await this.world.post(letter);
        this.#stand(letter.key, { state: "accepted", id, at: this.world.now() });
        this.world.taken(letter);
        return;
      } catch (error) {
        const why = failure(error);
        const pause = why.sure ? undefined : AGAIN_MS[times];
        if (pause === undefined) {
          this.#stand(letter.key, { state: "failed", why });
          return;
        }
        await this.world.wait(pause);
      }
    }
  }

  #stand(key: string, stands: Letter["stands"]) {
    this.#set(this.#letters.map((letter) => (letter.key === key ? { ...letter, stands } : letter)));
  }

  #set(letters: readonly Letter[]) {
    this.#letters = letters;
    const { kept, name } = this.world;
    const unsent = letters.filter(({ stands }) => stands.state !== "accepted");
    if (unsent.length > 0) kept.setItem(name, JSON.stringify(unsent));
    else kept.removeItem(name);
    for (const listener of this.#listeners) listener();
  }

  #read(): readonly Letter[] {
    try {
      return JSON.parse(this.world.kept.getItem(this.world.name) ?? "[]") as Letter[];
    } catch {
      return NONE;
    }
  }
}

/** Whether the server's list speaks for it. */
export function settled({ stands }: Letter, ids: ReadonlySet<string>, begun: number): boolean {
  return stands.state === "accepted" && (ids.has(stands.id) || begun > stands.at);
}
