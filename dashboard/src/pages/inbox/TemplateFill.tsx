import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import type { components } from "~/api/schema";
import type { Conversation, Template } from "~/api/types";
import { filled } from "~/domain/placeholders";
import { useI18n } from "~/i18n";
import { useAct } from "~/ui/useAct";
import { useSend } from "./send";

interface Props {
  template: Template;
  conversation: Conversation;
  onDone: () => void;
}

/** A template's places to fill in, and the sending of it. */
export function TemplateFill({ template, conversation, onDone }: Props) {
  const { t } = useI18n();
  const most = template.placeholders.at(-1) ?? 0;
  const [values, setValues] = useState<string[]>(() => Array.from({ length: most }, () => ""));
  const answerWith = useSend(conversation);
  const official = conversation.channel === "whatsapp-official";
  const send = useAct(
    () =>
      answer(
        api.POST("/v1/send-template", {
          body: {
            to: conversation.contact.address,
            channel: conversation.channel as components["schemas"]["SendChannel"],
            session_id: conversation.device_id,
            template_id: template.id,
            variables: values,
          },
        }),
      ),
    { refresh: [["chat", conversation.id], ["conversations"]], after: onDone },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!official) return send.mutate(undefined);
    // Within the window the official WhatsApp takes it as any other message.
    const { title, text, footer, media_url } = template;
    const said = [title, text, footer].filter((part) => part !== null).map((part) => filled(part, values));
    answerWith.message(said.join("\n\n"), media_url ? { url: media_url, type: null } : null);
    onDone();
  }
  return (
    <form className="card stack" onSubmit={submit}>
      <strong>{template.name}</strong>
      <p className="small">{filled(template.text, values)}</p>
      <div className="row wrap">
        {values.map((value, index) => (
          <TextInput
            key={index}
            size="xs"
            aria-label={t("templates.sample", { number: index + 1 })}
            placeholder={`{{${index + 1}}}`}
            value={value}
            onChange={(event) => setValues(values.map((each, at) => (at === index ? event.currentTarget.value : each)))}
            required
            autoFocus={index === 0}
          />
        ))}
      </div>
      <div className="row">
        <Button type="submit" size="compact-sm" loading={send.isPending}>
          {t("inbox.sendTemplate")}
        </Button>
        <Button variant="default" size="compact-sm" onClick={onDone}>
          {t("common.cancel")}
        </Button>
      </div>
    </form>
  );
}
