import { type InfiniteData, infiniteQueryOptions, QueryClient, type QueryKey } from "@tanstack/react-query";
import type { Page } from "./client";
import { ApiError } from "./errors";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream tells what changes; this is for what it does not.
      staleTime: 15_000,
      networkMode: "always",
      retry: (times, error) =>
        error instanceof ApiError && (error.unreachable || error.status === 503 || error.status === 429) && times < 3,
      retryDelay: (times) => 500 * 2 ** times,
    },
    mutations: { networkMode: "always" },
  },
});

/** How the head of a list is read again: see `live/head.ts`. */
export interface Head<D> {
  read: () => Promise<Page<D>>;
  /** When a row was new, in milliseconds; lists are ordered by it, newest first. */
  at: (row: D) => number;
}

/**
 * A list of the API, read page by page as it is scrolled. With `at`, by which it is ordered, only its head is read again when
 * something happens; without, all of it.
 */
export function listQuery<P extends Page<unknown>>(
  key: QueryKey,
  read: (after: string | undefined) => Promise<P>,
  at?: (row: P["data"][number]) => number,
) {
  return infiniteQueryOptions({
    queryKey: key,
    meta: at && { head: { read: () => read(undefined), at } satisfies Head<P["data"][number]> },
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.has_more ? (last.next_cursor ?? undefined) : undefined),
  });
}

export function rows<D>(data: InfiniteData<Page<D>, unknown> | undefined): D[] {
  return data?.pages.flatMap((page) => page.data) ?? [];
}
