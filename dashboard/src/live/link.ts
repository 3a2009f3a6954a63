import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { components } from "~/api/schema";

export type LinkStep =
  | { step: "waiting" | "connecting" }
  | { step: "qr"; data: string; expires_at: string; seen_at: number }
  | { step: "code"; code: string; expires_at: string; seen_at: number }
  | { step: "linked"; address: string }
  | { step: "failed"; reason: components["schemas"]["DownReason"] | null; message: string };

type Told = Record<string, unknown>;

function step(name: string, told: Told): LinkStep {
  return { step: name, ...told, seen_at: Date.now() } as unknown as LinkStep;
}

/** Follows the linking of a device, once `attempt` is above 0; each further attempt begins anew. */
export function useLinking(device: string, attempt: number): LinkStep {
  const client = useQueryClient();
  const [now, setNow] = useState<LinkStep>({ step: "waiting" });
  useEffect(() => {
    if (attempt === 0) return;
    setNow({ step: "waiting" });
    const source = new EventSource(`/v1/devices/${encodeURIComponent(device)}/link/events`);
    for (const name of ["qr", "code", "connecting", "linked", "failed"])
      source.addEventListener(name, (event: MessageEvent<string>) => {
        setNow(step(name, event.data ? (JSON.parse(event.data) as Told) : {}));
        if (name !== "linked" && name !== "failed") return;
        source.close();
        void client.invalidateQueries({ queryKey: ["devices"] });
      });
    return () => source.close();
  }, [client, device, attempt]);
  return now;
}
