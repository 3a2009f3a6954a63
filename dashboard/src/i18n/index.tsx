import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { carried } from "~/api/client";
import { en } from "./en";
import { type Formats, formats } from "./format";
import { id } from "./id";
import { type Key, type Params, type Phrases, phrase, word } from "./phrase";

export type Language = "id" | "en";
export const TEXTS = { id, en } as const;
const KEPT = "cetar-language";

export interface Texts {
  language: Language;
  setLanguage: (language: Language) => void;
  t: (key: Key, params?: Params) => string;
  /** A word of the API (`section.word`) in the language; the word itself where it is not known here yet. */
  word: (key: `${keyof Phrases}.${string}`) => string;
  format: Formats;
}

const Context = createContext<Texts | null>(null);

function keptLanguage(): Language {
  return localStorage.getItem(KEPT) === "en" ? "en" : "id";
}

interface Props {
  timeZone: string;
  children: ReactNode;
}

/** Texts, numbers and times of the chosen language; times in the workspace's zone. */
export function I18n({ timeZone, children }: Props) {
  const [language, setLanguage] = useState<Language>(keptLanguage);
  carried.language = language;

  useEffect(() => {
    localStorage.setItem(KEPT, language);
    document.documentElement.lang = language;
  }, [language]);

  const texts = useMemo<Texts>(
    () => ({
      language,
      setLanguage,
      t: (key, params) => phrase(TEXTS[language], key, params),
      word: (key) => word(TEXTS[language], key),
      format: formats(language, timeZone),
    }),
    [language, timeZone],
  );
  return <Context value={texts}>{children}</Context>;
}

export function useI18n(): Texts {
  const texts = useContext(Context);
  if (!texts) throw new Error("useI18n outside of I18n");
  return texts;
}
