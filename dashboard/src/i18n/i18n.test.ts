import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { en } from "./en";
import { formats } from "./format";
import { id } from "./id";
import { key, OPERATIONS, PARTS, TAGS } from "./id/reference";
import { phrase, word } from "./phrase";

type Tree = Record<string, Record<string, string>>;
const languages: Record<string, Tree> = { id, en };

function keys(tree: Tree): string[] {
  return Object.entries(tree).flatMap(([section, phrases]) => Object.keys(phrases).map((name) => `${section}.${name}`));
}

/** The `{places}` of a phrase; what stands in double braces is text. */
function places(text: string): string[] {
  const found = text.replace(/\{\{\d+\}\}/g, "").matchAll(/\{(\w+)\}/g);
  return [...new Set([...found].map((match) => match[1] ?? ""))].sort();
}

test("every language has every phrase, and none is empty", () => {
  for (const [language, tree] of Object.entries(languages)) {
    expect(keys(tree).sort(), language).toEqual(keys(id).sort());
    for (const [section, phrases] of Object.entries(tree))
      for (const [name, text] of Object.entries(phrases))
        expect(text.trim(), `${language} ${section}.${name}`).not.toBe("");
  }
});

test("a phrase has the same places to fill in, in every language", () => {
  for (const [section, phrases] of Object.entries(id as Tree))
    for (const [name, text] of Object.entries(phrases))
      expect(places((en as Tree)[section]?.[name] ?? ""), `${section}.${name}`).toEqual(places(text));
});

test("no phrase is left over", () => {
  const source = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !file.startsWith("i18n/"))
    .map((file) => readFileSync(`src/${file}`, "utf8"))
    .join("\n");
  const made = new Set([...source.matchAll(/`(\w+)\.\$\{/g)].map((match) => match[1]));
  const unused = keys(id).filter((key) => !source.includes(`"${key}"`) && !made.has(key.split(".")[0]));
  expect(unused).toEqual([]);
});

test("a phrase is filled in, and has a form for one and for many", () => {
  expect(phrase(en, "keys.days", { count: 1 })).toBe("1 day");
  expect(phrase(en, "keys.days", { count: 30 })).toBe("30 days");
  expect(phrase(id, "keys.days", { count: 1 })).toBe("1 hari");
  expect(phrase(id, "templates.textAbout")).toContain("{{1}}");
});

test("a word of the API is translated, and one that is not known yet stays itself", () => {
  expect(word(en, "attemptOutcome.not_sent")).toBe(en.attemptOutcome.not_sent);
  expect(word(en, "attemptOutcome.teleported")).toBe("teleported");
});

test("times are those of the workspace's zone", () => {
  const { time, dayKey } = formats("id", "Asia/Jakarta");
  expect(time("2026-11-22T18:30:00Z")).toBe("01.30");
  expect(dayKey("2026-11-22T18:30:00Z")).toBe("2026-11-23");
});

interface Document {
  tags: { name: string }[];
  paths: Record<string, Record<string, { operationId: string; description?: string }>>;
  components: { schemas: object; responses: object };
}
const document = JSON.parse(readFileSync("../crates/server/openapi.json", "utf8")) as Document;

test("every operation of the API, and every chapter, has an Indonesian name", () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  for (const { operationId, description } of operations) {
    expect(OPERATIONS[operationId]?.name, operationId).toBeTruthy();
    if (description) expect(OPERATIONS[operationId]?.about, operationId).toBeTruthy();
  }
  for (const { name } of document.tags) expect(TAGS[name], name).toBeTruthy();
});

/** What the document says of parameters, fields and answers; not of headers, which the page does not show. */
function descriptions(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(descriptions);
  if (typeof node !== "object" || node === null) return [];
  const { description, ...members } = node as Record<string, unknown>;
  // A field may be called so, too.
  if (typeof description !== "string") return Object.values(node).flatMap(descriptions);
  const { headers, example, examples, ...within } = members;
  // What the server says in both languages by itself needs no other.
  const own = "x-description-id" in node ? [] : [key(description)];
  return [...own, ...Object.values(within).flatMap(descriptions)];
}

test("every parameter, field and answer of the API is explained in Indonesian, and nothing that is not there", () => {
  const operations = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .map(({ description, ...rest }) => rest);
  const english = new Set(descriptions([operations, document.components.schemas, document.components.responses]));
  const explained = Object.values(PARTS).flatMap((part) => Object.keys(part));
  expect([...english].filter((text) => !explained.includes(text))).toEqual([]);
  expect(explained.filter((text) => !english.has(text))).toEqual([]);
  expect(new Set(explained).size, "each in one part").toBe(explained.length);
  for (const part of Object.values(PARTS)) for (const text of Object.values(part)) expect(text.trim()).not.toBe("");
});
