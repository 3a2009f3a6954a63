import { CloseButton } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { ApiError } from "~/api/errors";
import { useI18n } from "~/i18n";
import { Copy } from "./Copy";
import css from "./ui.module.css";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
  requestId: string | null;
}

const SHOWN_MS = 6_000;
const store = { toasts: [] as Toast[], next: 1, listeners: new Set<() => void>() };

function change(toasts: Toast[]) {
  store.toasts = toasts;
  for (const listener of store.listeners) listener();
}

function close(id: number) {
  change(store.toasts.filter((toast) => toast.id !== id));
}

function show(text: string, bad: boolean, requestId: string | null = null) {
  const toast = { id: store.next++, text, bad, requestId };
  change([...store.toasts.slice(-3), toast]);
  // What went wrong stays until it was read.
  if (!bad) setTimeout(() => close(toast.id), SHOWN_MS);
}

export const toast = {
  ok: (text: string) => show(text, false),
  failed: (error: unknown) => {
    const requestId = error instanceof ApiError ? error.requestId : null;
    show(error instanceof Error ? error.message : String(error), true, requestId);
  },
};

export function Toasts() {
  const { t } = useI18n();
  const toasts = useSyncExternalStore(
    (listener) => {
      store.listeners.add(listener);
      return () => store.listeners.delete(listener);
    },
    () => store.toasts,
  );
  return (
    <div className={css.toasts} aria-live="polite" role="status">
      {toasts.map((each) => (
        <div key={each.id} className={`${css.toast} ${each.bad ? css.toastBad : ""}`}>
          <div className="grow">
            {each.text}
            {each.requestId && (
              <div className="small dim">
                <Copy text={each.requestId} />
              </div>
            )}
          </div>
          <CloseButton size="sm" aria-label={t("common.close")} onClick={() => close(each.id)} />
        </div>
      ))}
    </div>
  );
}
