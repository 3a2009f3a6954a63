/**
 * One stream for all tabs of a browser. Over HTTP/1.1 a browser opens six connections to a server and no more: with a stream in each of
 * six tabs, the seventh would wait for ever.
 */
import { type Heard, listen } from "./listener";

/** What a tab says to the worker. */
export type Said = "hello" | "bye";

const tabs = new Set<MessagePort>();
/** Whether the server can be reached, once that is known. */
let last: Heard | undefined;
const listener = listen((heard) => {
  if (heard.kind === "up" || heard.kind === "down") last = heard;
  for (const tab of tabs) tab.postMessage(heard);
});

function join(tab: MessagePort) {
  const first = tabs.size === 0;
  tabs.add(tab);
  if (first) listener.start();
  else if (last) {
    tab.postMessage(last);
    // What happened since the tab began to read was not told to it.
    if (last.kind === "up") tab.postMessage({ kind: "anew" } satisfies Heard);
  }
}

function leave(tab: MessagePort) {
  tabs.delete(tab);
  if (tabs.size > 0) return;
  listener.stop();
  last = undefined;
}

// The type of a worker's own scope clashes with that of a page, which everything else here is for.
(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = ({ ports: [tab] }) => {
  if (!tab) return;
  tab.onmessage = ({ data }: MessageEvent<Said>) => (data === "hello" ? join(tab) : leave(tab));
};
