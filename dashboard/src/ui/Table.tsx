import { Button } from "@mantine/core";
import { type ReactNode, useLayoutEffect, useRef } from "react";
import { useI18n } from "~/i18n";
import css from "./ui.module.css";

interface Props {
  label: string;
  head: string[];
  /** Those of the head that a phone has no room for. */
  wideOnly?: string[];
  children: ReactNode;
}

/** On a phone each row is a card, in which every cell stands under the name of its column. */
export function Table({ label, head, wideOnly = [], children }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  // Rows are components of their own, which do not know of the head.
  useLayoutEffect(() => {
    // What a phone shows as a card has lost what it is to a screen reader, unless it is said.
    body.current?.parentElement?.setAttribute("role", "table");
    body.current?.setAttribute("role", "rowgroup");
    for (const row of body.current?.rows ?? []) {
      row.setAttribute("role", "row");
      for (const [index, cell] of [...row.cells].entries()) {
        if (cell.tagName === "TD") cell.setAttribute("role", "cell");
        const name = head[index] ?? "";
        cell.dataset.label = name;
        cell.toggleAttribute("data-wide", wideOnly.includes(name));
      }
    }
  });
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
        <tbody ref={body}>{children}</tbody>
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
