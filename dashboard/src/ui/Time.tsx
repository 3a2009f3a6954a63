import { useSyncExternalStore } from "react";
import { useI18n } from "~/i18n";

/** One clock for every relative time of the page. */
const clock = {
  now: Date.now(),
  listeners: new Set<() => void>(),
  timer: undefined as ReturnType<typeof setInterval> | undefined,
};

function subscribe(listener: () => void) {
  clock.listeners.add(listener);
  clock.timer ??= setInterval(() => {
    clock.now = Date.now();
    for (const each of clock.listeners) each();
  }, 1_000);
  return () => {
    clock.listeners.delete(listener);
    if (clock.listeners.size > 0) return;
    clearInterval(clock.timer);
    clock.timer = undefined;
  };
}

/** The time in milliseconds, of the last whole second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => clock.now);
}

/** How long ago, with the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const { format } = useI18n();
  const now = useNow();
  return (
    <time dateTime={at} title={format.exact(at)}>
      {format.relative(at, Math.max(now, Date.now()))}
    </time>
  );
}
