import { answer, api } from "~/api/client";
import type { paths } from "~/api/schema";
import type { Conversation, OfficialTemplate, Template } from "~/api/types";
import { preview } from "~/domain/official";
import { filled } from "~/domain/placeholders";
import type { Letter } from "./outbox";

/** A path that takes messages, with what it takes. */
type To<Path extends "/v1/messages" | "/v1/meta/messages" | "/v1/send-template"> = {
  path: Path;
  body: paths[Path]["post"]["requestBody"]["content"]["application/json"];
};
export type SendRequest = To<"/v1/messages"> | To<"/v1/meta/messages"> | To<"/v1/send-template">;
type MediaType = "image" | "video" | "audio" | "document";

/** Something to send by its address; `type` is its media type where that is known. */
export interface Medium {
  url: string;
  type: string | null;
}

/** What a medium is sent as; the server looks at the content itself. */
export function sendType({ url, type }: Medium): MediaType {
  const kind = type?.split("/")[0];
  if (kind === "image" || kind === "video" || kind === "audio") return kind;
  if (type) return "document";
  const name = url.split(/[?#]/)[0]?.toLowerCase() ?? "";
  if (/\.(jpe?g|png|webp)$/.test(name)) return "image";
  if (/\.(mp4|3gp)$/.test(name)) return "video";
  if (/\.(mp3|ogg|m4a|aac|amr)$/.test(name)) return "audio";
  return "document";
}

/** How long the server may take to answer. */
const ANSWER_MS = 20_000;

/** Hands a letter to the server under its key; the id of its message. */
export async function post({ key, request }: Letter): Promise<string> {
  const given = { headers: { "Idempotency-Key": key }, signal: AbortSignal.timeout(ANSWER_MS) };
  const taken = () => {
    switch (request.path) {
      case "/v1/messages":
        return api.POST(request.path, { body: request.body, ...given });
      case "/v1/meta/messages":
        return api.POST(request.path, { body: request.body, ...given });
      case "/v1/send-template":
        return api.POST(request.path, { body: request.body, ...given });
    }
  };
  return (await answer(taken())).message_id;
}

/** What a letter says, and how it looks in the chat. */
export type Said = Pick<Letter, "request" | "shown">;

/** Text, a medium, or both. The official WhatsApp has a request of its own. */
export function plain({ contact, device_id, channel }: Conversation, text: string, media: Medium | null): Said {
  const to = { to: contact.address, session_id: device_id, ...(media && { media_url: media.url }) };
  const type = media ? sendType(media) : ("text" as const);
  const content = media ? { ...(text && { caption: text }) } : { text };
  const shown = { type, content, media_url: media?.url ?? null };
  if (channel === "whatsapp-official")
    return { shown, request: { path: "/v1/meta/messages", body: { ...to, type, ...(text && { text }) } } };
  return { shown, request: { path: "/v1/messages", body: { ...to, channel, type, content } } };
}

/** One of our templates, filled in. The official WhatsApp takes it, within its window, as any other message. */
export function fromTemplate(conversation: Conversation, template: Template, values: readonly string[]): Said {
  const { contact, device_id, channel } = conversation;
  const fill = (part: string | null) => part && filled(part, values);
  const [title, text, footer] = [fill(template.title), filled(template.text, values), fill(template.footer)];
  const media = template.media_url ? { url: template.media_url, type: null } : null;
  if (channel === "whatsapp-official") {
    const all = [title, text, footer].filter((part) => part);
    return plain(conversation, all.join("\n\n"), media);
  }
  const to = { to: contact.address, session_id: device_id };
  const type = template.buttons.length > 0 ? "button" : media ? sendType(media) : "text";
  return {
    shown: { type, content: { title, text, footer, buttons: template.buttons }, media_url: media?.url ?? null },
    request: {
      path: "/v1/send-template",
      body: { ...to, channel, template_id: template.id, variables: [...values] },
    },
  };
}

/** A template that Meta approved, with the `components` that fill it in. */
export function fromOfficial(
  { contact, device_id }: Conversation,
  template: OfficialTemplate,
  values: readonly string[],
  components: Record<string, unknown> | undefined,
): Said {
  const { name: template_name, language } = template;
  const body = { to: contact.address, session_id: device_id, type: "template", template_name, language } as const;
  return {
    shown: { type: "template", content: preview(template, values), media_url: null },
    request: { path: "/v1/meta/messages", body: { ...body, ...(components && { components }) } },
  };
}
