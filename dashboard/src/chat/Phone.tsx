import type { ReactNode } from "react";
import css from "./chat.module.css";

interface Props {
  label: string;
  head: ReactNode;
  foot?: ReactNode;
  children: ReactNode;
}

/** A phone on which one sees what the customer sees. */
export function Phone({ label, head, foot, children }: Props) {
  return (
    <section className={css.phone} aria-label={label}>
      <div className={css.phoneHead}>{head}</div>
      <div className={css.phoneBody} tabIndex={0} role="log" aria-label={label}>
        {children}
      </div>
      {foot && <div className={css.phoneFoot}>{foot}</div>}
    </section>
  );
}
