import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { apply, type LiveEvent } from "./apply";

const AGAIN_MS = 2_000;
const TOGETHER_MS = 250;
const connection = { up: true, listeners: new Set<() => void>() };

function setUp(up: boolean) {
  if (connection.up === up) return;
  connection.up = up;
  for (const listener of connection.listeners) listener();
}

/** Whether the server can be heard. */
export function useConnected(): boolean {
  return useSyncExternalStore(
    (listener) => {
      connection.listeners.add(listener);
      return () => connection.listeners.delete(listener);
    },
    () => connection.up,
  );
}

/** Whether it was read for good: the session, what a device can do. */
function lasting(options: object): boolean {
  return "staleTime" in options && options.staleTime === Number.POSITIVE_INFINITY;
}

/**
 * Follows the server's events while mounted. Each time it is heard, the first included, everything is read anew: what changed between
 * a page's reading and that moment was told to nobody.
 */
export function useStream(): void {
  const client = useQueryClient();
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stale = new Set<string>();
    let reading: ReturnType<typeof setTimeout> | undefined;

    /** Many events come at once where much is sent: each thing is read once for all of them. */
    function readAnew() {
      reading = undefined;
      for (const thing of stale) void client.invalidateQueries({ queryKey: [thing] });
      stale.clear();
    }

    function open() {
      source = new EventSource("/v1/stream");
      source.onopen = () => {
        void client.invalidateQueries({ predicate: ({ options }) => !lasting(options) });
        setUp(true);
      };
      source.onmessage = (message: MessageEvent<string>) => {
        if (!message.data) return;
        for (const thing of apply(JSON.parse(message.data) as LiveEvent, client)) stale.add(thing);
        reading ??= setTimeout(readAnew, TOGETHER_MS);
      };
      source.onerror = () => {
        setUp(false);
        // The browser gives up for good where the server answered with an error: signed out, or a proxy without a server behind.
        if (source?.readyState !== EventSource.CLOSED) return;
        void client.invalidateQueries({ queryKey: ["session"] });
        timer = setTimeout(open, AGAIN_MS);
      };
    }
    open();
    return () => {
      clearTimeout(timer);
      clearTimeout(reading);
      source?.close();
      setUp(true);
    };
  }, [client]);
}
