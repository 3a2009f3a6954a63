import { Button, PasswordInput, Select, Switch, TextInput } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import { CHANNELS, type Channel } from "~/api/types";
import { CHANNEL, type Setting } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { Page } from "~/ui/Page";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import css from "./devices.module.css";

const route = getRouteApi("/app/devices/new");

export default function AddDevice() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const search = route.useSearch();
  const channel = CHANNELS.find((each) => each === search.channel) ?? "whatsapp";
  return (
    <Page title={t("devices.add")}>
      <fieldset className={css.channels} aria-label={t("devices.channel")}>
        {CHANNELS.map((each) => {
          const look = CHANNEL[each];
          return (
            <button
              type="button"
              key={each}
              className={css.channel}
              aria-pressed={each === channel}
              onClick={() => void navigate({ to: "/devices/new", search: { channel: each }, replace: true })}
            >
              <look.icon size={18} aria-hidden />
              <span className="stack tight">
                <strong>{look.name}</strong>
                <span className="small dim">{t(look.about)}</span>
              </span>
            </button>
          );
        })}
      </fieldset>
      <Form key={channel} channel={channel} />
    </Page>
  );
}

function Form({ channel }: { channel: Channel }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const look = CHANNEL[channel];
  const form = useFields<Record<string, string | boolean>>({ name: "", sandbox: false, login: "facebook" });
  const sandbox = form.values.sandbox === true;

  const add = useAct(
    () => {
      const settings = Object.fromEntries(
        look.settings.map(({ name }) => [name, String(form.values[name] ?? "").trim()]),
      );
      const needs = !sandbox && look.settings.length > 0;
      const body = { channel, name: String(form.values.name), sandbox, ...(needs && { settings }) };
      return answer(api.POST("/v1/devices", { body }));
    },
    {
      done: t("devices.added"),
      refresh: [["devices"], ["checklist"]],
      after: (device) => void navigate({ to: "/devices/$id", params: { id: device.id } }),
    },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate(undefined, { onError: form.setError });
  }
  return (
    <form className={`card stack ${css.form}`} onSubmit={submit}>
      <TextInput
        label={t("devices.name")}
        description={t("devices.nameAbout")}
        {...form.text("name")}
        maxLength={100}
        required
      />
      <Switch
        label={t("devices.asSandbox")}
        description={t("devices.asSandboxAbout")}
        checked={sandbox}
        onChange={(event) => form.set("sandbox", event.currentTarget.checked)}
      />
      {!sandbox && look.settings.map((setting) => <Field key={setting.name} setting={setting} form={form} />)}
      {!sandbox && look.settings.length === 0 && <p className="dim">{t("devices.linkAfter")}</p>}
      <div>
        <Button type="submit" loading={add.isPending}>
          {t("devices.addThis")}
        </Button>
      </div>
    </form>
  );
}

interface FieldProps {
  setting: Setting;
  form: ReturnType<typeof useFields<Record<string, string | boolean>>>;
}

function Field({ setting, form }: FieldProps) {
  const { t } = useI18n();
  const field = `settings.${setting.name}`;
  const shared = { label: t(setting.label), description: t(setting.about), required: true };
  if (setting.choices)
    return (
      <Select
        {...shared}
        data={setting.choices.map((value) => ({ value, label: CHANNEL_LOGIN[value] ?? value }))}
        value={String(form.values[setting.name] ?? "")}
        onChange={(value) => form.set(setting.name, value ?? "")}
        error={form.errors[field]}
      />
    );
  if (setting.secret)
    return (
      <PasswordInput
        {...shared}
        {...form.text(setting.name, field)}
        autoComplete="off"
        visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }}
      />
    );
  return <TextInput {...shared} {...form.text(setting.name, field)} />;
}

const CHANNEL_LOGIN: Record<string, string> = { facebook: "Facebook", instagram: "Instagram" };
