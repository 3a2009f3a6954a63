import { CloseButton } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { ApiError } from "~/api/errors";
import { useI18n } from "~/i18n";
import { Copy } from "./Copy";
import { said } from "./said";
import css from "./ui.module.css";

interface Toast {
  id: number;
  /** What to say, or what failed. */
  about: string | { error: unknown };
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

function show(about: Toast["about"]) {
  const toast = { id: store.next++, about };
  change([...store.toasts.slice(-3), toast]);
  // What went wrong stays until it was read.
  if (typeof about === "string") setTimeout(() => close(toast.id), SHOWN_MS);
}

export const toast = {
  ok: (text: string) => show(text),
  failed: (error: unknown) => show({ error }),
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
      {toasts.map(({ id, about }) => (
        <div key={id} className={`${css.toast} ${typeof about === "string" ? "" : css.toastBad}`}>
          <div className="grow">{typeof about === "string" ? about : <Failure error={about.error} />}</div>
          <CloseButton size="sm" aria-label={t("common.close")} onClick={() => close(id)} />
        </div>
      ))}
    </div>
  );
}

function Failure({ error }: { error: unknown }) {
  const { t } = useI18n();
  return (
    <>
      <div className={css.lines}>{said(error, t)}</div>
      {error instanceof ApiError && error.requestId && (
        <div className="small dim">
          <Copy text={error.requestId} />
        </div>
      )}
    </>
  );
}
