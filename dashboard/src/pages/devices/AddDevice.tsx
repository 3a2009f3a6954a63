import { Button, Switch, TextInput } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import { CHANNELS, type Channel } from "~/api/types";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { Gate } from "~/ui/Gate";
import { Page } from "~/ui/Page";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import css from "./devices.module.css";
import { SettingField, type SettingValues } from "./SettingField";

const route = getRouteApi("/app/devices/new");

export default function AddDevice() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const search = route.useSearch();
  const channel = CHANNELS.find((each) => each === search.channel) ?? "whatsapp";
  return (
    <Gate part="devices">
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
    </Gate>
  );
}

function Form({ channel }: { channel: Channel }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const look = CHANNEL[channel];
  const form = useFields<SettingValues>({ name: "", sandbox: false, login: "facebook" });
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
      form,
      done: t("devices.added"),
      refresh: [["devices"], ["checklist"]],
      after: (device) => void navigate({ to: "/devices/$id", params: { id: device.id } }),
    },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate(undefined);
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
      {!sandbox &&
        look.settings.map((setting) => <SettingField key={setting.name} setting={setting} form={form} required />)}
      {!sandbox && look.settings.length === 0 && <p className="dim">{t("devices.linkAfter")}</p>}
      <div>
        <Button type="submit" loading={add.isPending}>
          {t("devices.addThis")}
        </Button>
      </div>
    </form>
  );
}
