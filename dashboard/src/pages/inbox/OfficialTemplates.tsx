import { Button, TagsInput, TextInput } from "@mantine/core";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import type { Conversation } from "~/api/types";
import { useI18n } from "~/i18n";
import { Notice } from "~/ui/Notice";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import css from "./inbox.module.css";

/** What is left when the 24-hour window is shut: a template that Meta approved. */
export function OfficialTemplates({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const form = useFields({ template_name: "", language: "id", values: [] as string[] });
  const send = useAct(
    () => {
      const { template_name, language, values } = form.values;
      return answer(
        api.POST("/v1/meta/messages", {
          body: {
            to: conversation.contact.address,
            session_id: conversation.device_id,
            type: "template",
            template_name,
            language,
            ...(values.length > 0 && { components: { body_variables: values } }),
          },
        }),
      );
    },
    { refresh: [["chat", conversation.id], ["conversations"]] },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    form.setError(null);
    send.mutate(undefined, { onError: form.setError });
  }
  return (
    <form className={css.composer} onSubmit={submit}>
      <Notice tone="warn">{t("inbox.windowShut")}</Notice>
      <div className="row wrap top">
        <TextInput className="grow" label={t("inbox.officialName")} {...form.text("template_name")} required />
        <TextInput label={t("inbox.officialLanguage")} {...form.text("language")} required />
      </div>
      <TagsInput
        label={t("inbox.officialValues")}
        value={form.values.values}
        onChange={(values) => form.set("values", values)}
      />
      <div>
        <Button type="submit" loading={send.isPending}>
          {t("inbox.sendTemplate")}
        </Button>
      </div>
    </form>
  );
}
