import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useState } from "react";
import { useI18n } from "~/i18n";
import { Page } from "~/ui/Page";
import { Loaded, Loading } from "~/ui/Status";
import css from "./docs.module.css";
import { OperationCard } from "./OperationCard";
import { type Document, documentQuery, operations } from "./openapi";
import { Prose } from "./Prose";
import { useWords, type Words } from "./words";

/** The API, as the server describes it itself. */
export default function Reference() {
  const { t } = useI18n();
  const query = useQuery(documentQuery);
  const words = useWords();
  return (
    <Page title={t("reference.title")} about={<a href="/openapi.json">/openapi.json</a>}>
      <Loaded query={query} loading={<Loading lines={8} />}>
        {(document) => (
          <Loaded query={words} loading={<Loading lines={8} />}>
            {(found) => <Shown document={document} words={found} />}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}

function Shown({ document, words }: { document: Document; words: Words }) {
  const { t } = useI18n();
  const [text, setText] = useState("");
  const all = operations(document);
  const wanted = text.trim().toLowerCase();
  const shown = all.filter((each) => `${each.path} ${words.title(each)}`.toLowerCase().includes(wanted));
  return (
    <>
      <section className="card stack">
        <Prose text={t("reference.intro")} />
      </section>
      <TextInput
        leftSection={<Search size={15} />}
        placeholder={t("reference.search")}
        aria-label={t("reference.search")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className={css.layout}>
        <nav className={css.toc} aria-label={t("reference.contents")}>
          {document.tags.map((tag) => (
            <a key={tag.name} href={`#${tag.name}`}>
              {words.chapter(tag.name)}
            </a>
          ))}
        </nav>
        <div className="stack">
          {document.tags.map((tag) => {
            const tagged = shown.filter((each) => each.tags.includes(tag.name));
            if (tagged.length === 0) return null;
            return (
              <section key={tag.name} id={tag.name} className="stack">
                <h2>{words.chapter(tag.name)}</h2>
                {tagged.map((operation) => (
                  <OperationCard key={operation.operationId} document={document} operation={operation} words={words} />
                ))}
              </section>
            );
          })}
          {shown.length === 0 && <p className="dim">{t("palette.nothing")}</p>}
        </div>
      </div>
    </>
  );
}
