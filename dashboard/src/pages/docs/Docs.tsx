import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useI18n } from "~/i18n";
import css from "./docs.module.css";
import Reference from "./Reference";

/** The reference for everybody, signed in or not: `/docs`. */
export default function Docs() {
  const { language, setLanguage } = useI18n();
  const other = language === "id" ? "en" : "id";
  return (
    <>
      <header className={`${css.public} row between`}>
        <Link to="/" className="row">
          <img src="/favicon.svg" width={24} height={24} alt="" /> Cetar
        </Link>
        <Button variant="subtle" size="compact-sm" lang={other} onClick={() => setLanguage(other)}>
          {other === "en" ? "English" : "Bahasa Indonesia"}
        </Button>
      </header>
      <main>
        <Reference />
      </main>
    </>
  );
}
