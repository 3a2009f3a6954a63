import { type InfiniteData, InfiniteQueryObserver, QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import type { Page } from "~/api/client";
import { listQuery } from "~/api/query";
import { refresh, withHead } from "./head";

interface Row {
  id: string;
  at: string;
}
function page(...rows: string[]): Page<Row> {
  return { data: rows.map((row) => ({ id: row[0] ?? "", at: row.slice(1) })), has_more: true, next_cursor: "more" };
}
function list(...pages: Page<Row>[]): InfiniteData<Page<Row>, unknown> {
  return { pages, pageParams: pages.map((_, index) => index || undefined) };
}
function ids(data: InfiniteData<Page<Row>, unknown>): string[] {
  return data.pages.map(({ data }) => data.map(({ id }) => id).join(""));
}
const at = (row: Row) => Number(row.at);
const OLD = list(page("a9", "b8", "c7"), page("d6", "e5"), page("f4", "g3"));

test("what is new pushes the others down, and none is lost or twice there", () => {
  expect(ids(withHead(OLD, page("z99", "a9", "b8"), at))).toEqual(["zab", "cde", "fg"]);
});

test("what moves to the top leaves its old place, however far down", () => {
  expect(ids(withHead(OLD, page("f99", "a9", "b8"), at))).toEqual(["fab", "cde", "g"]);
});

test("what fits the filter no more goes", () => {
  expect(ids(withHead(OLD, page("a9", "c7", "d6"), at))).toEqual(["acd", "e", "fg"]);
});

test("a head that has nothing in common with what was there stands alone, with no gap below it", () => {
  expect(ids(withHead(OLD, page("x99", "y98", "z97"), at))).toEqual(["xyz"]);
});

test("a list that became one page is that page", () => {
  expect(ids(withHead(OLD, { ...page("a9"), has_more: false }, at))).toEqual(["a"]);
});

test("of a long list the head is read again, everything else whole", async () => {
  const client = new QueryClient();
  const asked: string[] = [];
  const read = async (after: string | undefined) => {
    asked.push(after ?? "head");
    return { ...page(after ? "d6" : "a9"), next_cursor: "two" };
  };
  const long = new InfiniteQueryObserver<Page<Row>, Error, InfiniteData<Page<Row>>>(
    client,
    listQuery(["long"], read, at) as never,
  );
  long.subscribe(() => undefined);
  await long.refetch();
  await long.fetchNextPage();
  const one = new QueryObserver(client, { queryKey: ["long", "one"], queryFn: async () => asked.push("one") });
  one.subscribe(() => undefined);
  await one.refetch();
  asked.length = 0;
  await refresh(client, { queryKey: ["long"] });
  expect(asked.toSorted()).toEqual(["head", "one"]);
});
