import type { id } from "./id";

/** A language's texts: sections of phrases, the same in every language. */
export type Phrases = { [S in keyof typeof id]: { [K in keyof (typeof id)[S]]: string } };
export type Key = { [S in keyof Phrases]: `${S}.${keyof Phrases[S] & string}` }[keyof Phrases];
export type Params = Record<string, string | number>;

/**
 * The phrase under `section.name`, with its `{places}` filled in. A phrase with a `|` has a form for one and a form for many,
 * chosen by `count`.
 */
export function phrase(texts: Phrases, key: Key, params: Params = {}): string {
  const [section = "", name = ""] = key.split(".");
  const found = (texts as Record<string, Record<string, string>>)[section]?.[name] ?? key;
  const [one = "", many = one] = found.split("|");
  const form = params.count === 1 ? one : many;
  return form.replace(/\{(\w+)\}/g, (place, word: string) => String(params[word] ?? place));
}

/** A word of the API, as `section.word`: what a newer server says is shown as it came. */
export function word(texts: Phrases, key: string): string {
  const [section = "", name = ""] = key.split(".");
  return (texts as Record<string, Record<string, string>>)[section]?.[name] ?? name;
}
