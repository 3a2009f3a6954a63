import { useSuspenseQuery } from "@tanstack/react-query";
import { carried } from "~/api/client";
import { sessionQuery } from "~/api/queries";
import type { Part, Session } from "~/api/types";

/** The signed-in person. Only below the gate of {@link SignedIn}. */
export function useSession(): Session {
  const { data } = useSuspenseQuery(sessionQuery);
  if (!data) throw new Error("nobody is signed in");
  carried.csrf = data.csrf_token;
  return data;
}

export function useMay(part: Part): boolean {
  return useSession().permissions.includes(part);
}
