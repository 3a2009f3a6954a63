import { Outlet } from "@tanstack/react-router";
import { useI18n } from "~/i18n";
import { Gate } from "~/ui/Gate";
import { TabBar } from "~/ui/TabBar";

export default function Developers() {
  const { t } = useI18n();
  return (
    <Gate part="keys">
      <TabBar
        label={t("nav.developers")}
        tabs={[
          { to: "/developers", name: t("keys.title"), exact: true },
          { to: "/developers/webhooks", name: t("webhooks.title") },
          { to: "/developers/messages", name: t("log.title") },
          { to: "/developers/samples", name: t("samples.title") },
          { to: "/developers/reference", name: t("reference.title") },
        ]}
      />
      <Outlet />
    </Gate>
  );
}
