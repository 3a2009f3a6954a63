import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useI18n } from "~/i18n";
import css from "./ui.module.css";

interface Props {
  label: string;
  head: string[];
  children: ReactNode;
}

export function Table({ label, head, children }: Props) {
  return (
    <div className={css.scroll} role="region" aria-label={label} tabIndex={0}>
      <table className={css.table}>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

interface MoreProps {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
}

/** The way to a list's next page; nothing where there is none. */
export function More({ query }: MoreProps) {
  const { t } = useI18n();
  if (!query.hasNextPage) return null;
  return (
    <div className="row">
      <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {t("common.more")}
      </Button>
    </div>
  );
}
