import { Button, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { AlertTriangle, CloudOff, Lock, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "~/api/errors";
import { useI18n } from "~/i18n";
import { Copy } from "./Copy";
import { said } from "./said";
import css from "./ui.module.css";

interface MessageProps {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** Says in the middle of a page or card why there is nothing else, and what to do. */
export function Status({ icon: Icon, title, children, action }: MessageProps) {
  return (
    <div className={css.center}>
      <Icon size={30} strokeWidth={1.5} className={css.centerIcon} aria-hidden />
      <h2>{title}</h2>
      {children && <div className="dim">{children}</div>}
      {action}
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useI18n();
  const again = retry && (
    <Button variant="default" onClick={retry}>
      {t("common.retry")}
    </Button>
  );
  if (error instanceof ApiError && error.unreachable)
    return (
      <Status icon={CloudOff} title={t("error.offline")} action={again}>
        {t("error.offlineAbout")}
      </Status>
    );
  if (error instanceof ApiError && error.forbidden) return <Forbidden>{error.message}</Forbidden>;
  return (
    <Status icon={AlertTriangle} title={t("error.title")} action={again}>
      <p>{said(error, t)}</p>
      {error instanceof ApiError && error.requestId && (
        <p>
          {t("error.requestId")} <Copy text={error.requestId} />
        </p>
      )}
    </Status>
  );
}

export function Forbidden({ children }: { children?: ReactNode }) {
  const { t } = useI18n();
  return (
    <Status icon={Lock} title={t("error.forbidden")}>
      {children ?? t("error.forbiddenAbout")}
    </Status>
  );
}

export function Loading({ lines = 4, height = 44 }: { lines?: number; height?: number }) {
  const { t } = useI18n();
  return (
    <div className="stack" role="status" aria-label={t("common.loading")}>
      {Array.from({ length: lines }, (_, line) => `line-${line}`).map((line) => (
        <Skeleton key={line} height={height} />
      ))}
    </div>
  );
}

interface LoadedProps<D> {
  query: Pick<UseQueryResult<D>, "data" | "error" | "refetch">;
  loading?: ReactNode;
  children: (data: D) => ReactNode;
}

/** What a query read, or its loading or failed state in the same place. Old data stays while a newer read fails. */
export function Loaded<D>({ query, loading, children }: LoadedProps<D>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  return loading ?? <Loading />;
}
