import { useEffect } from "react";

interface List {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isError: boolean;
  fetchNextPage: () => unknown;
}

/**
 * Reads on while nothing was `found` and there is more: with a filter, the server looks at so many entries at a time and may answer
 * with an empty page. Whether it is still looking.
 */
export function useFilled({ hasNextPage, isFetchingNextPage, isError, fetchNextPage }: List, found: number): boolean {
  const looking = found === 0 && hasNextPage && !isError;
  useEffect(() => {
    if (looking && !isFetchingNextPage) void fetchNextPage();
  }, [looking, isFetchingNextPage, fetchNextPage]);
  return looking;
}
