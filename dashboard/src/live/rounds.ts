/** When what became stale is read again: soon, never twice at the same time, and the less often the longer it takes. */
import type { Query, QueryClient } from "@tanstack/react-query";
import { refresh } from "./head";

interface World {
  read: (thing: string) => Promise<unknown>;
  /** In milliseconds. */
  now: () => number;
  after: (milliseconds: number, act: () => void) => void;
}

/** Events come in bursts: what they make stale is read once for all of them. */
const TOGETHER_MS = 250;
/** Sums over everything, which nobody watches by the second. */
const REST_MS: Record<string, number | undefined> = { usage: 5_000, checklist: 5_000 };

/**
 * Reads each thing in rounds. What becomes stale during a round is read in the next one, which begins after a rest as long as the round
 * took: in a storm of events every answer is shown, and the server is asked no more than half of the time.
 */
export class Rounds {
  readonly #running = new Map<string, { again: boolean }>();

  constructor(readonly world: World) {}

  stale(thing: string) {
    const running = this.#running.get(thing);
    if (running) {
      running.again = true;
      return;
    }
    this.#running.set(thing, { again: false });
    this.world.after(TOGETHER_MS, () => void this.#round(thing));
  }

  async #round(thing: string) {
    const running = { again: false };
    this.#running.set(thing, running);
    const { now, read, after } = this.world;
    const began = now();
    // Why it could not be read is shown where it would stand.
    await read(thing).catch(() => undefined);
    after(Math.max(REST_MS[thing] ?? TOGETHER_MS, now() - began), () => {
      if (running.again) void this.#round(thing);
      else this.#running.delete(thing);
    });
  }
}

/** Whether it was read for good: the session, what a device can do. */
function lasting({ options }: Query): boolean {
  return "staleTime" in options && options.staleTime === Number.POSITIVE_INFINITY;
}

/** The first words of the keys of everything that is kept, but for what was read for good. */
export function everything(client: QueryClient): Set<string> {
  const queries = client.getQueryCache().findAll({ predicate: (query) => !lasting(query) });
  return new Set(queries.map(({ queryKey }) => String(queryKey[0])));
}

/** How long a reading that is under way may keep the next one waiting, in milliseconds. */
const PATIENCE_MS = 15_000;

/**
 * Reads anew what `thing` names. A reading that is under way was asked for before the change: it is let come to its end, since in a
 * storm each would else be thrown away for the next, and then it is asked again.
 */
export async function readAnew(client: QueryClient, thing: string): Promise<void> {
  const which = { queryKey: [thing], predicate: (query: Query) => !lasting(query) };
  const under_way = client.getQueryCache().findAll({ ...which, fetchStatus: "fetching" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([Promise.allSettled(under_way.map(({ promise }) => promise)), patience]);
  clearTimeout(timer);
  await refresh(client, which);
}
