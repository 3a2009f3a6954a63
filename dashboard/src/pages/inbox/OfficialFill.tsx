import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Conversation, OfficialTemplate } from "~/api/types";
import { Body } from "~/chat/Body";
import { components, preview, type Slot, slots } from "~/domain/official";
import { useI18n } from "~/i18n";
import css from "./inbox.module.css";
import { useSend } from "./outboxes";
import { fromOfficial } from "./send";

interface Props {
  template: OfficialTemplate;
  conversation: Conversation;
  onDone: () => void;
}

/** An approved template as the customer will see it, its places to fill in, and the sending of it. */
export function OfficialFill({ template, conversation, onDone }: Props) {
  const { t } = useI18n();
  const slotted = slots(template);
  const [values, setValues] = useState<string[]>(() => slotted.map(() => ""));
  const send = useSend(conversation);
  const name = ({ kind, name: place }: Slot) =>
    kind === "body" || kind === "header_text" || kind === "url" || kind === "copy_code"
      ? t(`slot.${kind}`, { name: place })
      : t("slot.media");
  function submit(event: FormEvent) {
    event.preventDefault();
    send(fromOfficial(conversation, template, values, components(slotted, values)));
    onDone();
  }
  return (
    <form className={`card stack ${css.fill}`} onSubmit={submit}>
      <strong>
        {template.name} · {template.language}
      </strong>
      <div className={css.preview}>
        <Body channel={conversation.channel} type="template" content={preview(template, values)} />
      </div>
      {slotted.map((slot, index) => (
        <TextInput
          key={`${slot.kind}-${slot.name}-${slot.index}`}
          size="xs"
          label={name(slot)}
          placeholder={slot.kind.startsWith("header_") && slot.name === "" ? "https://" : undefined}
          value={values[index] ?? ""}
          onChange={(event) => setValues(values.with(index, event.currentTarget.value))}
          required
          autoFocus={index === 0}
        />
      ))}
      <div className="row">
        <Button type="submit" size="compact-sm" autoFocus={slotted.length === 0}>
          {t("inbox.sendTemplate")}
        </Button>
        <Button variant="default" size="compact-sm" onClick={onDone}>
          {t("common.cancel")}
        </Button>
      </div>
    </form>
  );
}
