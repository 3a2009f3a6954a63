import { answer, api } from "~/api/client";
import type { components } from "~/api/schema";
import type { ChatMessage, Conversation } from "~/api/types";
import { useAct } from "~/ui/useAct";
import { acceptPending, addPending, dropPending } from "./pending";

type SendType = Exclude<components["schemas"]["SendType"], "button">;

/** Something to send by its address; `type` is its media type where that is known. */
export interface Medium {
  url: string;
  type: string | null;
}

/** What a medium is sent as; the server looks at the content itself. */
export function sendType({ url, type }: Medium): SendType {
  const kind = type?.split("/")[0];
  if (kind === "image" || kind === "video" || kind === "audio") return kind;
  if (type) return "document";
  const name = url.split(/[?#]/)[0]?.toLowerCase() ?? "";
  if (/\.(jpe?g|png|webp)$/.test(name)) return "image";
  if (/\.(mp4|3gp)$/.test(name)) return "video";
  if (/\.(mp3|ogg|m4a|aac|amr)$/.test(name)) return "audio";
  return "document";
}

/** The official WhatsApp has a request of its own. */
function post({ contact, device_id, channel }: Conversation, text: string, media: Medium | null, key: string) {
  const to = { to: contact.address, session_id: device_id, ...(media && { media_url: media.url }) };
  const type = media ? sendType(media) : "text";
  const headers = { "Idempotency-Key": key };
  if (channel === "whatsapp-official")
    return api.POST("/v1/meta/messages", { body: { ...to, type, ...(text && { text }) }, headers });
  const content = media ? { ...(text && { caption: text }) } : { text };
  return api.POST("/v1/messages", { body: { ...to, channel, type, content }, headers });
}

/** A name that no other request has. `randomUUID` is not there where the page came by plain http. */
function unique(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}

/** Sends an answer into a conversation; it stands in the chat at once. */
export function useSend(conversation: Conversation) {
  const { id } = conversation;

  function stand(draft: string, text: string, media: Medium | null): ChatMessage {
    return {
      id: draft,
      direction: "out",
      type: media ? sendType(media) : "text",
      content: media ? { caption: text } : { text },
      state: "queued",
      job_id: null,
      echo: false,
      error: null,
      sender: null,
      reply_to: null,
      network_id: null,
      at: new Date().toISOString(),
      media_url: media?.url ?? null,
    };
  }
  const act = useAct(
    async ({ draft, text, media }: { draft: string; text: string; media: Medium | null }) => {
      const sent = await answer(post(conversation, text, media, draft));
      acceptPending(id, draft, sent.message_id);
      return sent;
    },
    { refresh: [["chat", id], ["conversations"]] },
  );
  return {
    message(text: string, media: Medium | null) {
      const draft = unique();
      addPending(id, stand(draft, text, media));
      act.mutate({ draft, text, media }, { onError: () => dropPending(id, draft) });
    },
  };
}
