import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { sessionQuery } from "~/api/queries";
import { apply, type LiveEvent } from "./apply";
import { type Heard, listen } from "./listener";
import { everything, Rounds, readAnew } from "./rounds";
import type { Said } from "./worker";

const connection = { up: true, listeners: new Set<() => void>() };

function setUp(up: boolean) {
  if (connection.up === up) return;
  connection.up = up;
  for (const listener of connection.listeners) listener();
}

/** Whether the server can be reached. */
export function useConnected(): boolean {
  return useSyncExternalStore(
    (listener) => {
      connection.listeners.add(listener);
      return () => connection.listeners.delete(listener);
    },
    () => connection.up,
  );
}

/** Hears the server in this tab alone, where a browser has no shared workers. */
function alone(tell: (heard: Heard) => void): () => void {
  const listener = listen(tell);
  listener.start();
  return () => listener.stop();
}

/** Hears the server by the worker that all tabs share; what ends it. */
function together(tell: (heard: Heard) => void): () => void {
  if (typeof SharedWorker === "undefined") return alone(tell);
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "stream" });
  const say = (said: Said) => worker.port.postMessage(said);
  let instead: (() => void) | undefined;
  worker.onerror = () => {
    instead ??= alone(tell);
  };
  worker.port.onmessage = ({ data }: MessageEvent<Heard>) => tell(data);
  say("hello");
  const hide = () => say("bye");
  const show = ({ persisted }: PageTransitionEvent) => persisted && say("hello");
  addEventListener("pagehide", hide);
  addEventListener("pageshow", show);
  return () => {
    say("bye");
    removeEventListener("pagehide", hide);
    removeEventListener("pageshow", show);
    worker.port.close();
    instead?.();
  };
}

/**
 * Follows the server's events while mounted. Each time it is heard, the first included, everything is read anew: what changed between
 * a page's reading and that moment was told to nobody.
 */
export function useStream(): void {
  const client = useQueryClient();
  useEffect(() => {
    const rounds = new Rounds({
      read: (thing) => readAnew(client, thing),
      now: () => performance.now(),
      after: (milliseconds, act) => {
        setTimeout(act, milliseconds);
      },
    });
    const end = together((heard) => {
      if (heard.kind === "up" || heard.kind === "down") setUp(heard.kind === "up");
      else if (heard.kind === "session") void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
      else {
        const stale = heard.kind === "anew" ? everything(client) : apply(JSON.parse(heard.data) as LiveEvent, client);
        for (const thing of stale) rounds.stale(thing);
      }
    });
    return () => {
      end();
      setUp(true);
    };
  }, [client]);
}
