import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { everything, Rounds, readAnew } from "./rounds";

function world() {
  const time = { now: 0 };
  const reads: { thing: string; done: () => Promise<void> }[] = [];
  let timers: { at: number; act: () => void }[] = [];
  const settle = () => new Promise<void>((resolve) => setTimeout(resolve));
  const rounds = new Rounds({
    read: (thing) =>
      new Promise<void>((resolve) => {
        reads.push({
          thing,
          done: () => {
            resolve();
            return settle();
          },
        });
      }),
    now: () => time.now,
    after: (milliseconds, act) => {
      timers.push({ at: time.now + milliseconds, act });
    },
  });
  async function pass(milliseconds: number) {
    time.now += milliseconds;
    const due = timers.filter(({ at }) => at <= time.now);
    timers = timers.filter(({ at }) => at > time.now);
    for (const { act } of due) act();
    await settle();
  }
  return { rounds, reads, pass };
}

test("a burst is read once", async () => {
  const { rounds, reads, pass } = world();
  for (let event = 0; event < 10; event++) rounds.stale("chat");
  rounds.stale("conversations");
  await pass(250);
  expect(reads.map(({ thing }) => thing)).toEqual(["chat", "conversations"]);
});

test("in a storm every reading comes to its end, and rests as long as it took", async () => {
  const { rounds, reads, pass } = world();
  rounds.stale("chat");
  await pass(250);
  for (let event = 0; event < 8; event++) {
    rounds.stale("chat");
    await pass(250);
  }
  expect(reads).toHaveLength(1);
  await reads[0]?.done();
  rounds.stale("chat");
  await pass(1_999);
  expect(reads).toHaveLength(1);
  await pass(1);
  expect(reads).toHaveLength(2);
});

test("what became stale during a round is read after it, though nothing more happens", async () => {
  const { rounds, reads, pass } = world();
  rounds.stale("chat");
  await pass(250);
  rounds.stale("chat");
  await reads[0]?.done();
  await pass(250);
  expect(reads).toHaveLength(2);
  await reads[1]?.done();
  await pass(10_000);
  expect(reads).toHaveLength(2);
});

test("figures over everything are read every five seconds at most", async () => {
  const { rounds, reads, pass } = world();
  rounds.stale("usage");
  await pass(250);
  await reads[0]?.done();
  rounds.stale("usage");
  await pass(4_999);
  expect(reads).toHaveLength(1);
  await pass(1);
  expect(reads).toHaveLength(2);
});

/** A query that is read whenever `answer` is called. */
function watched(client: QueryClient, queryKey: string[]) {
  const asked: ((data: string) => void)[] = [];
  const shown: unknown[] = [];
  const aborted: AbortSignal[] = [];
  new QueryObserver(client, {
    queryKey,
    queryFn: ({ signal }) => {
      aborted.push(signal);
      return new Promise<string>((resolve) => {
        asked.push(resolve);
      });
    },
  }).subscribe(({ data }) => shown.push(data));
  return { asked, shown, aborted };
}

test("the first reading of all is not thrown away, and what changed meanwhile is read after it", async () => {
  const client = new QueryClient();
  const { asked, shown, aborted } = watched(client, ["chat", "cnv_1"]);
  const done = readAnew(client, "chat");
  await Promise.resolve();
  expect(asked).toHaveLength(1);
  asked[0]?.("before");
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.("after");
  await done;
  expect(shown).toContain("before");
  expect(shown.at(-1)).toBe("after");
  expect(aborted.some((signal) => signal.aborted)).toBe(false);
});

test("what was read for good is not read again", async () => {
  const client = new QueryClient();
  client.setQueryData(["chat", "cnv_1"], "…");
  client.getQueryCache().build(client, { queryKey: ["session"], staleTime: Number.POSITIVE_INFINITY } as never);
  expect([...everything(client)]).toEqual(["chat"]);
});
