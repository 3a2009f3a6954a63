import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

const LATER_MS = 1_500;
/** The mark in the browser's own record, by which one sees that all pages are here. */
const PAGES_LOADED = "pages-loaded";

/** Brings in the other pages once the first one stands, so that one can walk on while the server is away. */
export function usePreloadedPages(): void {
  const router = useRouter();
  useEffect(() => {
    const timer = setTimeout(() => {
      const loading = Object.values(router.routesById).map((route) => router.loadRouteChunk(route));
      void Promise.allSettled(loading).then(() => performance.mark(PAGES_LOADED));
    }, LATER_MS);
    return () => clearTimeout(timer);
  }, [router]);
}
