/** Keeping a long list live: what is new stands at its head, so only the head is read again. */
import type { InfiniteData, QueryClient, QueryFilters, QueryKey } from "@tanstack/react-query";
import type { Page } from "~/api/client";
import type { Head } from "~/api/query";

interface Row {
  id: string;
}
type Pages<R> = InfiniteData<Page<R>, unknown>;

/**
 * The pages with their first one read anew. What it pushed down stays; what ought to stand in it and does not, by the order that
 * `at` tells, is not of the list any more; what moved up into it leaves its old place.
 */
export function withHead<R extends Row>(pages: Pages<R>, head: Page<R>, at: (row: R) => number): Pages<R> {
  const [first, second, ...others] = pages.pages;
  const last = head.data.at(-1);
  const inHead = new Set(head.data.map((row) => row.id));
  // Where they have nothing in common, more happened than a page holds, and what is between is not known.
  const joined = first?.data.some((row) => inHead.has(row.id)) ?? false;
  if (!first || !second || !last || !joined || !head.has_more)
    return { pages: [head], pageParams: pages.pageParams.slice(0, 1) };
  const pushed = first.data.filter((row) => !inHead.has(row.id) && at(row) <= at(last));
  const rest = (page: Page<R>) => ({ ...page, data: page.data.filter((row) => !inHead.has(row.id)) });
  // The second page's cursor follows upon the first one's old end, so what was pushed over that end joins it.
  return {
    ...pages,
    pages: [head, { ...second, data: [...pushed, ...rest(second).data] }, ...others.map(rest)],
  };
}

/** Reads those of `queries` anew: lists that are longer than a page at their head, everything else whole. */
export async function refresh(client: QueryClient, queries: QueryFilters & { queryKey: QueryKey }): Promise<void> {
  const long = client
    .getQueryCache()
    .findAll({ ...queries, type: "active" })
    .flatMap((query) => {
      const head = query.meta?.head as Head<Row> | undefined;
      if (!head) return [];
      const pages = (query.state.data as Pages<Row> | undefined)?.pages.length ?? 0;
      return pages > 1 ? [{ ...head, query }] : [];
    });
  const atHead = new Set(long.map(({ query }) => query));
  const { predicate = () => true } = queries;
  const whole = client.invalidateQueries({ ...queries, predicate: (query) => predicate(query) && !atHead.has(query) });
  const heads = long.map(async ({ read, at, query }) => {
    const { queryKey } = query;
    try {
      const head = await read();
      // A next page that is on its way would be joined to what was there before.
      if (query.state.fetchStatus === "fetching") await query.promise?.catch(() => undefined);
      client.setQueryData<Pages<Row>>(queryKey, (pages) => pages && withHead(pages, head, at));
    } catch {
      // Whatever is wrong shows where the whole list is read.
      await client.invalidateQueries({ queryKey, exact: true });
    }
  });
  await Promise.all([whole, ...heads]);
}
