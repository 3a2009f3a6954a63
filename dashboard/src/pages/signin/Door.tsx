import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useI18n } from "~/i18n";
import css from "./signin.module.css";

/** The frame of what one sees before one is in. */
export function Door({ title, children }: { title: string; children: ReactNode }) {
  const { t, language, setLanguage } = useI18n();
  const other = language === "id" ? "en" : "id";
  useEffect(() => {
    document.title = `${title} · Cetar`;
  }, [title]);
  return (
    <main className={css.page}>
      <div className={css.card}>
        <div className={css.brand}>
          <img src="/favicon.svg" width={30} height={30} alt="" /> Cetar
        </div>
        <div className="card stack">
          <h1>{title}</h1>
          {children}
        </div>
        <div className={css.foot}>
          <Link to="/docs">{t("nav.docs")}</Link>
          <Button variant="subtle" size="compact-sm" lang={other} onClick={() => setLanguage(other)}>
            {other === "en" ? "English" : "Bahasa Indonesia"}
          </Button>
        </div>
      </div>
    </main>
  );
}
