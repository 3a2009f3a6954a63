import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Conversation, Template } from "~/api/types";
import { filled } from "~/domain/placeholders";
import { useI18n } from "~/i18n";
import { useSend } from "./outboxes";
import { fromTemplate } from "./send";

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
  const send = useSend(conversation);
  function submit(event: FormEvent) {
    event.preventDefault();
    send(fromTemplate(conversation, template, values));
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
        <Button type="submit" size="compact-sm">
          {t("inbox.sendTemplate")}
        </Button>
        <Button variant="default" size="compact-sm" onClick={onDone}>
          {t("common.cancel")}
        </Button>
      </div>
    </form>
  );
}
