import { SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { deliveriesQuery } from "~/api/queries";
import { rows } from "~/api/query";
import type { DeliveryStatus } from "~/api/types";
import { DELIVERY_TONE } from "~/domain/message";
import { useI18n } from "~/i18n";
import { State } from "~/ui/State";
import { Loaded, Status } from "~/ui/Status";
import { More, Table } from "~/ui/Table";
import { Ago } from "~/ui/Time";
import ui from "~/ui/ui.module.css";
import { DeliveryPanel } from "./DeliveryPanel";

const route = getRouteApi("/app/developers/webhooks/$id");
const STATES: readonly DeliveryStatus[] = ["delivered", "failed", "pending"];
const EVERY = 3_000;

export function Deliveries({ endpoint }: { endpoint: string }) {
  const { t, word } = useI18n();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const state = STATES.find((each) => each === search.state);
  // No event tells of deliveries: they would cause deliveries.
  const query = useInfiniteQuery({ ...deliveriesQuery(endpoint, { state }), refetchInterval: EVERY });
  const show = (delivery: string | undefined) =>
    void navigate({ search: (now) => ({ ...now, delivery }), replace: true });
  return (
    <section className="stack">
      <div className="row between wrap">
        <h2>{t("deliveries.title")}</h2>
        <SegmentedControl
          size="xs"
          value={state ?? "all"}
          onChange={(value) => void navigate({ search: { state: value === "all" ? undefined : value }, replace: true })}
          data={[
            { value: "all", label: t("deliveries.all") },
            ...STATES.map((value) => ({ value, label: t(`deliveryState.${value}`) })),
          ]}
        />
      </div>
      <Loaded query={query}>
        {(data) => {
          const deliveries = rows(data);
          if (deliveries.length === 0)
            return (
              <Status icon={Send} title={t("deliveries.none")}>
                {t("deliveries.noneAbout")}
              </Status>
            );
          return (
            <>
              <Table
                label={t("deliveries.title")}
                head={[
                  t("deliveries.event"),
                  t("deliveries.state"),
                  t("deliveries.answer"),
                  t("deliveries.attempts"),
                  t("common.time"),
                ]}
              >
                {deliveries.map((delivery) => (
                  <tr key={delivery.id} data-open={delivery.id === search.delivery}>
                    <td>
                      <button type="button" className={ui.rowLink} onClick={() => show(delivery.id)}>
                        {delivery.event}
                      </button>
                    </td>
                    <td>
                      <State tone={DELIVERY_TONE[delivery.state]} label={t(`deliveryState.${delivery.state}`)} />
                    </td>
                    <td>
                      {delivery.last_status ??
                        (delivery.last_error ? word(`deliveryError.${delivery.last_error}`) : "—")}
                    </td>
                    <td>{delivery.attempts}</td>
                    <td>
                      <Ago at={delivery.created_at} />
                    </td>
                  </tr>
                ))}
              </Table>
              <More query={query} />
            </>
          );
        }}
      </Loaded>
      <DeliveryPanel id={search.delivery} onClose={() => show(undefined)} />
    </section>
  );
}
