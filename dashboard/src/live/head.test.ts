import type { InfiniteData } from "@tanstack/react-query";
import { expect, test } from "vitest";
import type { Page } from "~/api/client";
import { withHead } from "./head";

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
const at = (row: Row) => row.at;
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

test("a list that became one page is that page", () => {
  expect(ids(withHead(OLD, { ...page("a9"), has_more: false }, at))).toEqual(["a"]);
});
