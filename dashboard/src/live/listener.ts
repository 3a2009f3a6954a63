/** Hears the server's events, by the stream or, where that is refused, by looking every so often. Runs in a tab or in a worker. */

export type Heard =
  /** The server can be reached. */
  | { kind: "up" }
  | { kind: "down" }
  /** Something may have happened that was told to nobody. */
  | { kind: "anew" }
  /** Nobody is signed in any more. */
  | { kind: "session" }
  | { kind: "event"; data: string };

export type Reach = "there" | "signed-out" | "gone";

/** What is used of the browser's `EventSource`. */
export type Source = Pick<EventSource, "readyState" | "onopen" | "onmessage" | "onerror" | "close">;

interface World {
  open: () => Source;
  /** Whether the server answers at all. */
  probe: () => Promise<Reach>;
  after: (milliseconds: number, act: () => void) => () => void;
}

const CLOSED = 2;
/** How soon a server that is gone is called again, in milliseconds. */
const AGAIN_MS = 2_000;
/** How often one looks, and asks for the stream again, while the server refuses it: 429 where too many are open, or a proxy. */
const LOOK_MS = 10_000;

export class Listener {
  #source: Source | undefined;
  #cancel: (() => void) | undefined;
  /** Which start it belongs to; what comes late from an earlier one is not for this one. */
  #turn = 0;

  constructor(
    readonly world: World,
    readonly tell: (heard: Heard) => void,
  ) {}

  start() {
    this.stop();
    this.#open(this.#turn);
  }

  stop() {
    this.#turn++;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#source?.close();
    this.#source = undefined;
  }

  #open(turn: number) {
    if (turn !== this.#turn) return;
    const source = this.world.open();
    this.#source = source;
    source.onopen = () => {
      this.tell({ kind: "up" });
      this.tell({ kind: "anew" });
    };
    source.onmessage = ({ data }: MessageEvent<string>) => {
      if (data) this.tell({ kind: "event", data });
    };
    source.onerror = () => void this.#lost(turn, source);
  }

  /** The browser calls again by itself where the line broke, and gives up for good where the server answered with an error. */
  async #lost(turn: number, source: Source) {
    const refused = source.readyState === CLOSED;
    const reach = await this.world.probe();
    if (turn !== this.#turn) return;
    if (reach === "signed-out") this.tell({ kind: "session" });
    else if (reach === "gone") this.tell({ kind: "down" });
    if (!refused) return;
    if (reach === "there") {
      this.tell({ kind: "up" });
      this.tell({ kind: "anew" });
    }
    this.#cancel = this.world.after(reach === "gone" ? AGAIN_MS : LOOK_MS, () => this.#open(turn));
  }
}

const PROBE_MS = 5_000;

async function probe(): Promise<Reach> {
  try {
    const { status } = await fetch("/v1/session", { signal: AbortSignal.timeout(PROBE_MS) });
    if (status === 401) return "signed-out";
    return status === 502 || status === 503 || status === 504 ? "gone" : "there";
  } catch {
    return "gone";
  }
}

/** The one that speaks to the server. */
export function listen(tell: (heard: Heard) => void): Listener {
  return new Listener(
    {
      open: () => new EventSource("/v1/stream"),
      probe,
      after: (milliseconds, act) => {
        const timer = setTimeout(act, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    tell,
  );
}
