/** Templates that Meta approved: what of them is to be filled in, and how that is said to `POST /v1/meta/messages`. */
import type { Content, OfficialTemplate } from "~/api/types";

/** As much of one of Meta's components as is shown or filled in. */
interface Component {
  type?: string;
  format?: string;
  text?: string;
  buttons?: { type?: string; text?: string; url?: string; example?: unknown }[];
}

/** One thing to fill in. `name` is what stands between the braces, or the button's text. */
export interface Slot {
  kind: "header_image" | "header_video" | "header_document" | "header_text" | "body" | "url" | "copy_code";
  name: string;
  /** Which button. */
  index: number;
}

const MEDIA: Record<string, Slot["kind"] | undefined> = {
  IMAGE: "header_image",
  VIDEO: "header_video",
  DOCUMENT: "header_document",
};

function parts(template: OfficialTemplate): Component[] {
  return template.components as Component[];
}

function part(template: OfficialTemplate, type: string): Component {
  return parts(template).find((each) => each.type?.toUpperCase() === type) ?? {};
}

function places(text: string | undefined): string[] {
  const found = [...(text ?? "").matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? "");
  return [...new Set(found)].sort((a, b) => Number(a) - Number(b) || 0);
}

/** What has to be given so that it can be sent, in the order in which it is read. */
export function slots(template: OfficialTemplate): Slot[] {
  const header = part(template, "HEADER");
  const media = MEDIA[header.format?.toUpperCase() ?? ""];
  const buttons = part(template, "BUTTONS").buttons ?? [];
  return [
    ...(media ? [{ kind: media, name: "", index: 0 }] : []),
    ...places(header.text).map((name): Slot => ({ kind: "header_text", name, index: 0 })),
    ...places(part(template, "BODY").text).map((name): Slot => ({ kind: "body", name, index: 0 })),
    ...buttons.flatMap(({ type, text = "", url }, index): Slot[] => {
      if (type === "COPY_CODE") return [{ kind: "copy_code", name: text, index }];
      return type === "URL" && places(url).length > 0 ? [{ kind: "url", name: text, index }] : [];
    }),
  ];
}

/** Whether what it needs can be given here: a header of a place cannot. */
export function fillable(template: OfficialTemplate): boolean {
  return part(template, "HEADER").format?.toUpperCase() !== "LOCATION";
}

/** The `components` of a send, from the values of {@link slots} in their order; nothing where nothing is to be filled in. */
export function components(slotted: readonly Slot[], values: readonly string[]): Record<string, unknown> | undefined {
  if (slotted.length === 0) return undefined;
  const given = slotted.map((slot, at) => ({ ...slot, value: values[at] ?? "" }));
  const body = given.filter(({ kind }) => kind === "body");
  const byNumber = body.every(({ name }) => /^\d+$/.test(name));
  const buttons = given.filter(({ kind }) => kind === "url" || kind === "copy_code");
  return {
    ...Object.fromEntries(
      given.filter(({ kind }) => kind.startsWith("header")).map(({ kind, value }) => [kind, value]),
    ),
    ...(body.length > 0 && {
      body_variables: byNumber
        ? body.map(({ value }) => value)
        : Object.fromEntries(body.map(({ name, value }) => [name, value])),
    }),
    ...(buttons.length > 0 && {
      button_variables: buttons.map(({ index, kind, value }) => ({ index, type: kind, value })),
    }),
  };
}

function filled(text: string | undefined, kind: Slot["kind"], slotted: readonly Slot[], values: readonly string[]) {
  return text?.replace(/\{\{\s*(\w+)\s*\}\}/g, (place, name: string) => {
    const at = slotted.findIndex((slot) => slot.kind === kind && slot.name === name);
    return values[at] || place;
  });
}

/** The template as the customer will see it. */
export function preview(template: OfficialTemplate, values: readonly string[] = []): Content {
  const slotted = slots(template);
  const buttons = part(template, "BUTTONS").buttons ?? [];
  return {
    title: filled(part(template, "HEADER").text, "header_text", slotted, values),
    text: filled(part(template, "BODY").text, "body", slotted, values),
    footer: part(template, "FOOTER").text,
    buttons: buttons.map(({ type, text = "" }, index) => ({
      id: String(index),
      type: type === "URL" ? "cta_url" : type === "COPY_CODE" ? "cta_copy" : "quick_reply",
      text,
    })),
  };
}

/** The first words of it, for a list. */
export function excerpt(template: OfficialTemplate): string {
  return part(template, "BODY").text ?? part(template, "HEADER").text ?? "";
}
