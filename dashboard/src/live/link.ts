import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { carried } from "~/api/client";
import { ApiError, failure } from "~/api/errors";
import { sessionQuery } from "~/api/queries";
import type { components } from "~/api/schema";

export type LinkStep =
  | { step: "waiting" | "connecting" }
  | { step: "qr"; data: string; expires_at: string; seen_at: number }
  | { step: "code"; code: string; expires_at: string; seen_at: number }
  | { step: "linked"; address: string }
  /** The server does not tell how it goes on; `error` says why, where it said. */
  | { step: "broken"; error: ApiError | null }
  | { step: "failed"; reason: components["schemas"]["DownReason"] | null; message: string };

type Told = Record<string, unknown>;

function step(name: string, told: Told): LinkStep {
  return { step: name, ...told, seen_at: Date.now() } as unknown as LinkStep;
}

/** Why the server does not give the events at `url`; nothing where it would now. A browser keeps that to itself. */
async function refusal(url: string): Promise<ApiError | null> {
  const ended = new AbortController();
  try {
    const response = await fetch(url, { headers: { "Accept-Language": carried.language }, signal: ended.signal });
    if (response.ok) return null;
    return failure(response, await response.json().catch(() => null));
  } catch (error) {
    return new ApiError(0, "unreachable", String(error));
  } finally {
    ended.abort();
  }
}

/** Follows the linking of a device, once `attempt` is above 0; each further attempt begins anew. */
export function useLinking(device: string, attempt: number): LinkStep {
  const client = useQueryClient();
  const [now, setNow] = useState<LinkStep>({ step: "waiting" });
  useEffect(() => {
    if (attempt === 0) return;
    setNow({ step: "waiting" });
    const url = `/v1/devices/${encodeURIComponent(device)}/link/events`;
    const source = new EventSource(url);
    let left = false;
    for (const name of ["qr", "code", "connecting", "linked", "failed"])
      source.addEventListener(name, (event: MessageEvent<string>) => {
        setNow(step(name, event.data ? (JSON.parse(event.data) as Told) : {}));
        if (name !== "linked" && name !== "failed") return;
        source.close();
        void client.invalidateQueries({ queryKey: ["devices"] });
      });
    source.onerror = async () => {
      // Else the browser calls again by itself.
      if (source.readyState !== EventSource.CLOSED) return;
      const error = await refusal(url);
      if (left) return;
      setNow({ step: "broken", error });
      if (error?.status === 401) void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    };
    return () => {
      left = true;
      source.close();
    };
  }, [client, device, attempt]);
  return now;
}
