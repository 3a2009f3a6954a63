import { type ReactNode, useEffect } from "react";
import css from "./ui.module.css";

interface Props {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page with its heading; names the browser's tab. */
export function Page({ title, about, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Cetar`;
  }, [title]);
  return (
    <div className={css.page}>
      <div className={css.head}>
        <div className={css.title}>
          <h1>{title}</h1>
          {about && <p className="dim">{about}</p>}
        </div>
        {actions && <div className="row wrap">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
