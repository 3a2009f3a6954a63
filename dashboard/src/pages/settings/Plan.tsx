import { useQuery } from "@tanstack/react-query";
import { devicesQuery, planQuery, usageQuery, usersQuery } from "~/api/queries";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { Facts } from "~/ui/Facts";
import { Gate } from "~/ui/Gate";
import { Page } from "~/ui/Page";
import { Loaded } from "~/ui/Status";

/** What the plan allows, and how much of it is used. */
export default function Plan() {
  const { t, format } = useI18n();
  const plan = useQuery(planQuery);
  const devices = useQuery(devicesQuery);
  const users = useQuery(usersQuery);
  const usage = useQuery(usageQuery("30d"));
  const of = (used: number | undefined, most: number | null) =>
    `${used === undefined ? "…" : format.number(used)} / ${most === null ? t("plan.noLimit") : format.number(most)}`;
  return (
    <Gate part="settings">
      <Page title={t("settings.plan")} about={t("plan.about")}>
        <section className="card">
          <Loaded query={plan}>
            {(found) => (
              <Facts
                facts={[
                  [t("plan.channels"), found.channels.map((channel) => CHANNEL[channel].name).join(", ")],
                  [t("plan.devices"), of(devices.data?.filter((device) => !device.sandbox).length, found.devices)],
                  [t("plan.members"), of(users.data?.length, found.members)],
                  [
                    t("plan.requests"),
                    found.requests_per_minute === null
                      ? t("plan.serverDefault")
                      : format.number(found.requests_per_minute),
                  ],
                  [t("plan.broadcast"), found.broadcast ? t("common.yes") : t("common.no")],
                  [t("plan.official"), found.official_api ? t("common.yes") : t("common.no")],
                  [t("plan.sent"), usage.data ? format.number(usage.data.out) : "…"],
                  [t("plan.received"), usage.data ? format.number(usage.data.in) : "…"],
                ]}
              />
            )}
          </Loaded>
        </section>
      </Page>
    </Gate>
  );
}
