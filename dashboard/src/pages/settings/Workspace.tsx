import { Button, SegmentedControl, Select, TextInput, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import { workspaceQuery } from "~/api/queries";
import type { Workspace as WorkspaceData } from "~/api/types";
import { type Language, useI18n } from "~/i18n";
import { useChooseLanguage } from "~/shell/language";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { Gate } from "~/ui/Gate";
import { Page } from "~/ui/Page";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import css from "./settings.module.css";

export default function Workspace() {
  const { t } = useI18n();
  return (
    <Gate part="settings">
      <Page title={t("settings.workspace")}>
        <Named />
        <Look />
      </Page>
    </Gate>
  );
}

function Named() {
  const query = useQuery(workspaceQuery);
  return <Loaded query={query}>{(found) => <Form key={found.id} workspace={found} />}</Loaded>;
}

const ZONES = Intl.supportedValuesOf("timeZone");

function Form({ workspace }: { workspace: WorkspaceData }) {
  const { t } = useI18n();
  const { name, language, time_zone } = workspace;
  const form = useFields({ name, language, time_zone });
  const save = useAct(() => answer(api.PATCH("/v1/workspace", { body: form.values })), {
    form,
    done: t("settings.saved"),
    // The session says in which zone times are shown.
    refresh: [["workspace"], ["session"]],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate(undefined);
  }
  return (
    <form className={`card stack ${css.form}`} onSubmit={submit}>
      <Facts
        facts={[
          [t("settings.id"), <Copy key="id" text={workspace.id} />],
          [t("settings.since"), <Ago key="since" at={workspace.created_at} />],
        ]}
      />
      <TextInput label={t("common.name")} {...form.text("name")} maxLength={100} required />
      <Select
        label={t("settings.eventLanguage")}
        data={[
          { value: "id", label: "Bahasa Indonesia" },
          { value: "en", label: "English" },
        ]}
        value={form.values.language}
        onChange={(value) => form.set("language", value as Language)}
        error={form.error("language")}
      />
      <Select
        label={t("settings.zone")}
        description={t("settings.zoneAbout")}
        data={ZONES.includes(time_zone) ? ZONES : [time_zone, ...ZONES]}
        value={form.values.time_zone}
        onChange={(value) => form.set("time_zone", value ?? time_zone)}
        error={form.error("time_zone")}
        searchable
        limit={50}
      />
      <div>
        <Button type="submit" loading={save.isPending}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}

/** In which language one reads the dashboard, everywhere, and how this browser shows it. */
export function Look() {
  const { t, language } = useI18n();
  const choose = useChooseLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <section className={`card stack ${css.form}`}>
      <h2>{t("settings.look")}</h2>
      <div className="row wrap">
        <SegmentedControl
          aria-label={t("settings.language")}
          value={language}
          onChange={(value) => choose(value as Language)}
          data={[
            { value: "id", label: "Bahasa Indonesia" },
            { value: "en", label: "English" },
          ]}
        />
        <SegmentedControl
          aria-label={t("settings.scheme")}
          value={colorScheme}
          onChange={(value) => setColorScheme(value as "light" | "dark" | "auto")}
          data={[
            { value: "light", label: t("nav.light") },
            { value: "dark", label: t("nav.dark") },
            { value: "auto", label: t("settings.auto") },
          ]}
        />
      </div>
    </section>
  );
}
