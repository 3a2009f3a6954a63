import { Outlet } from "@tanstack/react-router";
import { CHANNELS } from "~/api/types";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { useSession } from "~/shell/session";
import { TabBar } from "~/ui/TabBar";

/** Everybody has an account; the rest is for those who run the workspace. */
export default function Settings() {
  const { t } = useI18n();
  const { permissions } = useSession();
  const tabs = [
    { part: null, to: "/settings/account", name: t("settings.account") },
    { part: "settings", to: "/settings", name: t("settings.workspace"), exact: true },
    ...CHANNELS.filter((channel) => channel !== "whatsapp").map((channel) => ({
      part: "devices" as const,
      to: `/settings/channels/${channel}`,
      name: CHANNEL[channel].name,
    })),
    { part: "users" as const, to: "/settings/users", name: t("settings.users") },
    { part: "settings" as const, to: "/settings/plan", name: t("settings.plan") },
    { part: "settings" as const, to: "/settings/addresses", name: t("settings.addresses") },
    { part: "audit" as const, to: "/settings/audit", name: t("settings.audit") },
  ];
  return (
    <>
      <TabBar
        label={t("nav.settings")}
        tabs={tabs.filter(({ part }) => part === null || permissions.some((each) => each === part))}
      />
      <Outlet />
    </>
  );
}
