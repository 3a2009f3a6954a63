import { Fragment, type ReactNode } from "react";
import css from "./ui.module.css";

export type Fact = [name: string, value: ReactNode] | false | null | undefined;

/** Names and values; facts that do not apply are left out. */
export function Facts({ facts }: { facts: Fact[] }) {
  return (
    <dl className={css.facts}>
      {facts.map(
        (fact) =>
          fact && (
            <Fragment key={fact[0]}>
              <dt>{fact[0]}</dt>
              <dd>{fact[1] ?? "—"}</dd>
            </Fragment>
          ),
      )}
    </dl>
  );
}
