import { Button, Textarea, TextInput } from "@mantine/core";
import { useBlocker, useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { answer, api } from "~/api/client";
import type { Template, Button as TemplateButton } from "~/api/types";
import { Body } from "~/chat/Body";
import chat from "~/chat/chat.module.css";
import { Phone } from "~/chat/Phone";
import { filled, placeholders } from "~/domain/placeholders";
import { useI18n } from "~/i18n";
import { Confirm } from "~/ui/Confirm";
import { Page } from "~/ui/Page";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import { ButtonsEditor } from "./ButtonsEditor";
import css from "./broadcast.module.css";
import { UseTemplate } from "./UseTemplate";

const SAMPLES = ["Budi Santoso", "Rp 500.000", "25 Maret 2026", "INV-2026-031"];

/** Designs a quick-reply template, with a phone that changes as one types. */
export function Designer({ template }: { template?: Template }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const form = useFields({
    name: template?.name ?? "",
    title: template?.title ?? "",
    text: template?.text ?? "",
    footer: template?.footer ?? "",
    media_url: template?.media_url ?? "",
    buttons: (template?.buttons ?? []) as TemplateButton[],
  });
  const kept = useRef(JSON.stringify(form.values));
  const unsaved = () => JSON.stringify(form.values) !== kept.current;
  const leaving = useBlocker({ shouldBlockFn: unsaved, enableBeforeUnload: unsaved, withResolver: true });
  const [samples, setSamples] = useState<string[]>(SAMPLES);
  const [asked, setAsked] = useState(false);
  const { values } = form;
  const numbers = placeholders(`${values.title} ${values.text} ${values.footer}`);

  const save = useAct(
    () => {
      const body = {
        name: values.name,
        text: values.text,
        title: values.title || null,
        footer: values.footer || null,
        media_url: values.media_url || null,
        buttons: values.buttons.length > 0 ? values.buttons : null,
      };
      if (template) return answer(api.PUT("/v1/templates/{id}", { params: { path: { id: template.id } }, body }));
      return answer(api.POST("/v1/templates", { body }));
    },
    {
      form,
      done: t("templates.saved"),
      refresh: [["templates"]],
      after: ({ id }) => {
        kept.current = JSON.stringify(values);
        void navigate({ to: "/broadcast/templates/$id", params: { id: String(id) }, replace: true });
      },
    },
  );
  const remove = useAct(
    () => answer(api.DELETE("/v1/templates/{id}", { params: { path: { id: template?.id ?? 0 } } })),
    {
      done: t("templates.removed"),
      refresh: [["templates"]],
      after: () => {
        kept.current = JSON.stringify(values);
        void navigate({ to: "/broadcast/templates" });
      },
    },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    form.clear();
    save.mutate(undefined);
  }
  function addPlaceholder() {
    form.set("text", `${values.text}{{${(numbers.at(-1) ?? 0) + 1}}}`);
  }
  return (
    <Page
      title={template ? template.name : t("templates.add")}
      actions={
        template && (
          <Button variant="light" color="red" leftSection={<Trash2 size={15} />} onClick={() => setAsked(true)}>
            {t("templates.remove")}
          </Button>
        )
      }
    >
      <div className={css.designer}>
        <div className="stack">
          <form className="card stack" onSubmit={submit}>
            <TextInput label={t("templates.name")} {...form.text("name")} maxLength={100} required />
            <TextInput
              label={t("templates.media")}
              description={t("templates.mediaAbout")}
              placeholder="https://contoh.com/promo.jpg"
              {...form.text("media_url")}
            />
            <TextInput label={t("templates.heading")} {...form.text("title")} />
            <Textarea
              label={t("templates.text")}
              description={t("templates.textAbout")}
              {...form.text("text")}
              autosize
              minRows={4}
              maxRows={14}
              required
            />
            <div className="row wrap">
              <Button variant="default" size="compact-sm" onClick={addPlaceholder}>
                {t("templates.addPlaceholder")}
              </Button>
              {numbers.map((number) => (
                <TextInput
                  key={number}
                  size="xs"
                  w={170}
                  leftSection={<span className="mono">{`{{${number}}}`}</span>}
                  leftSectionWidth={48}
                  aria-label={t("templates.sample", { number })}
                  value={samples[number - 1] ?? ""}
                  onChange={(event) => {
                    const next = [...samples];
                    next[number - 1] = event.currentTarget.value;
                    setSamples(next);
                  }}
                />
              ))}
            </div>
            <TextInput label={t("templates.footer")} {...form.text("footer")} />
            <ButtonsEditor
              buttons={values.buttons}
              onChange={(buttons) => form.set("buttons", buttons)}
              error={form.error}
            />
            <div>
              <Button type="submit" loading={save.isPending}>
                {t("common.save")}
              </Button>
            </div>
          </form>
          {template && <UseTemplate template={template} samples={samples} />}
        </div>
        <div className={css.preview}>
          <Phone
            label={t("templates.preview")}
            head={<strong className="cut">{values.name || t("templates.preview")}</strong>}
          >
            <div className={chat.line}>
              <div className={chat.bubble}>
                {values.text || values.title || values.media_url ? (
                  <Body
                    channel="whatsapp"
                    type={values.media_url ? "image" : "text"}
                    media={/^https?:\/\//.test(values.media_url) ? values.media_url : null}
                    content={{
                      title: filled(values.title, samples),
                      text: filled(values.text, samples),
                      footer: filled(values.footer, samples),
                      buttons: values.buttons,
                    }}
                  />
                ) : (
                  <span className="dim">{t("templates.empty")}</span>
                )}
              </div>
            </div>
          </Phone>
        </div>
      </div>
      <Confirm
        opened={leaving.status === "blocked"}
        onClose={() => leaving.reset?.()}
        title={t("templates.leaveTitle")}
        action={t("templates.leave")}
        onConfirm={() => leaving.proceed?.()}
      >
        {t("templates.leaveAbout")}
      </Confirm>
      <Confirm
        opened={asked}
        onClose={() => setAsked(false)}
        title={t("templates.removeTitle", { name: template?.name ?? "" })}
        action={t("templates.remove")}
        typed={template?.name}
        onConfirm={() => remove.mutate(undefined)}
      >
        {t("templates.removeAbout")}
      </Confirm>
    </Page>
  );
}
