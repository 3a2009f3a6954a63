import type { ReactNode } from "react";
import type { Part } from "~/api/types";
import { useMay } from "~/shell/session";
import { Forbidden } from "./Status";

/** A page that a role may not see says so. The server refuses it by itself: this is for people. */
export function Gate({ part, children }: { part: Part; children: ReactNode }) {
  return useMay(part) ? children : <Forbidden />;
}
