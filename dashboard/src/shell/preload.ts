import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

const LATER_MS = 1_500;

/** Brings in the other pages once the first one stands, so that one can walk on while the server is away. */
export function usePreloadedPages(): void {
  const router = useRouter();
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const route of Object.values(router.routesById))
        void Promise.resolve(router.loadRouteChunk(route)).catch(() => undefined);
    }, LATER_MS);
    return () => clearTimeout(timer);
  }, [router]);
}
