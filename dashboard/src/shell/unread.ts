import { useInfiniteQuery } from "@tanstack/react-query";
import { conversationsQuery } from "~/api/queries";
import { rows } from "~/api/query";
import { useMay } from "./session";

/** How many open conversations have something unread; "50+" where there are more than a page; nothing for none. */
export function useUnread(): string | null {
  const query = useInfiniteQuery({
    ...conversationsQuery({ state: "open", unread: true }),
    enabled: useMay("conversations"),
  });
  const count = rows(query.data).length;
  if (count === 0) return null;
  return query.hasNextPage ? `${count}+` : String(count);
}
