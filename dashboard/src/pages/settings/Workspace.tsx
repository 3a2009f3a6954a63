import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { workspaceQuery } from "~/api/queries";
import { type Language, useI18n } from "~/i18n";
import { useSession } from "~/shell/session";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { Gate } from "~/ui/Gate";
import { Page } from "~/ui/Page";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";

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
  const { t } = useI18n();
  const { workspace } = useSession();
  const query = useQuery(workspaceQuery);
  return (
    <section className="card stack">
      <Loaded query={query}>
        {(found) => (
          <Facts
            facts={[
              [t("common.name"), found.name],
              [t("settings.id"), <Copy key="id" text={found.id} />],
              [t("settings.eventLanguage"), found.language === "id" ? "Bahasa Indonesia" : "English"],
              [t("settings.zone"), workspace.time_zone],
              [t("settings.since"), <Ago key="since" at={found.created_at} />],
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

/** How this browser shows the dashboard. */
export function Look() {
  const { t, language, setLanguage } = useI18n();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <section className="card stack">
      <h2>{t("settings.look")}</h2>
      <div className="row wrap">
        <SegmentedControl
          aria-label={t("settings.language")}
          value={language}
          onChange={(value) => setLanguage(value as Language)}
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
