import { expect, test } from "vitest";
import { type Heard, Listener, type Reach, type Source } from "./listener";

function world() {
  const heard: Heard["kind"][] = [];
  const sources: (Source & { closed: boolean })[] = [];
  const state = { reach: "there" as Reach, timers: [] as { after: number; act: () => void }[] };
  const listener = new Listener(
    {
      open: () => {
        const source = {
          readyState: 0,
          closed: false,
          onopen: null,
          onmessage: null,
          onerror: null,
          close: () => {
            source.closed = true;
          },
        };
        sources.push(source);
        return source;
      },
      probe: async () => state.reach,
      after: (after, act) => {
        const timer = { after, act };
        state.timers.push(timer);
        return () => {
          state.timers = state.timers.filter((each) => each !== timer);
        };
      },
    },
    ({ kind }) => heard.push(kind),
  );
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  async function happen(what: "open" | "break" | "refuse") {
    const source = sources.at(-1);
    if (!source) throw new Error("no stream was asked for");
    if (what === "open") source.onopen?.call(source as never, {} as never);
    else {
      Object.assign(source, { readyState: what === "refuse" ? 2 : 0 });
      source.onerror?.call(source as never, {} as never);
    }
    await settle();
  }
  const told = () => heard.splice(0);
  return { listener, sources, state, happen, told };
}

test("once it is heard, everything is read anew", async () => {
  const { listener, happen, told } = world();
  listener.start();
  await happen("open");
  expect(told()).toEqual(["up", "anew"]);
});

test("a stream that is refused is no server that is gone: one looks instead, and asks for it again", async () => {
  const { listener, happen, told, state, sources } = world();
  listener.start();
  await happen("refuse");
  expect(told()).toEqual(["up", "anew"]);
  expect(state.timers.map(({ after }) => after)).toEqual([10_000]);
  state.timers.shift()?.act();
  expect(sources).toHaveLength(2);
  await happen("refuse");
  expect(told()).toEqual(["up", "anew"]);
});

test("a line that breaks for a moment is told to nobody while the server answers", async () => {
  const { listener, happen, told, state } = world();
  listener.start();
  await happen("open");
  told();
  await happen("break");
  expect(told()).toEqual([]);
  state.reach = "gone";
  await happen("break");
  expect(told()).toEqual(["down"]);
  await happen("open");
  expect(told()).toEqual(["up", "anew"]);
});

test("a server that is gone is called again soon", async () => {
  const { listener, happen, told, state, sources } = world();
  state.reach = "gone";
  listener.start();
  await happen("refuse");
  expect(told()).toEqual(["down"]);
  expect(state.timers.map(({ after }) => after)).toEqual([2_000]);
  state.timers.shift()?.act();
  expect(sources).toHaveLength(2);
});

test("that nobody is signed in any more is told", async () => {
  const { listener, happen, told, state } = world();
  state.reach = "signed-out";
  listener.start();
  await happen("refuse");
  expect(told()).toEqual(["session"]);
});

test("once stopped, nothing is heard, opened or waited for", async () => {
  const { listener, happen, told, state, sources } = world();
  listener.start();
  await happen("refuse");
  told();
  listener.stop();
  expect(state.timers).toEqual([]);
  listener.start();
  const last = sources.at(-1);
  const lost = happen("refuse");
  listener.stop();
  await lost;
  expect(last?.closed).toBe(true);
  expect(told()).toEqual([]);
  expect(state.timers).toEqual([]);
});
