import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { answer, api } from "~/api/client";
import { deliveryQuery } from "~/api/queries";
import type { DeliveryAttempt, DeliveryDetail } from "~/api/types";
import { DELIVERY_TONE } from "~/domain/message";
import { type Texts, useI18n } from "~/i18n";
import { Code, pretty } from "~/ui/Code";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { SidePanel } from "~/ui/SidePanel";
import { State } from "~/ui/State";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import ui from "~/ui/ui.module.css";
import { useAct } from "~/ui/useAct";
import css from "./developers.module.css";

const EVERY = 2_000;

/** One delivery: what was sent, what came back, every attempt. */
export function DeliveryPanel({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <SidePanel title={t("deliveries.one")} opened={id !== undefined} onClose={onClose} wide>
      {id && <Body id={id} />}
    </SidePanel>
  );
}

function Body({ id }: { id: string }) {
  const query = useQuery({ ...deliveryQuery(id), refetchInterval: EVERY });
  return <Loaded query={query}>{(delivery) => <Shown delivery={delivery} />}</Loaded>;
}

function Shown({ delivery }: { delivery: DeliveryDetail }) {
  const { t, word } = useI18n();
  const resend = useAct(
    () => answer(api.POST("/v1/deliveries/{id}/resend", { params: { path: { id: delivery.id } } })),
    {
      done: t("deliveries.resent"),
      refresh: [["delivery", delivery.id], ["deliveries"]],
    },
  );
  const last = delivery.history.at(-1);
  return (
    <>
      <div className="row between wrap">
        <State tone={DELIVERY_TONE[delivery.state]} label={t(`deliveryState.${delivery.state}`)} />
        <Button
          size="compact-md"
          variant="default"
          leftSection={<RotateCcw size={14} />}
          onClick={() => resend.mutate(undefined)}
          loading={resend.isPending}
        >
          {t("deliveries.resend")}
        </Button>
      </div>
      <Facts
        facts={[
          [t("deliveries.event"), delivery.event],
          [t("deliveries.eventId"), <Copy key="event" text={delivery.event_id} />],
          delivery.next_attempt_at !== null && [t("deliveries.next"), <Ago key="next" at={delivery.next_attempt_at} />],
        ]}
      />
      <div className={css.sides}>
        <div className="stack tight">
          <h3>{t("deliveries.request")}</h3>
          <Code text={request(delivery, last)} label={t("deliveries.request")} />
        </div>
        <div className="stack tight">
          <h3>{t("deliveries.response")}</h3>
          <Code text={response(last, word) ?? t("deliveries.noAnswer")} label={t("deliveries.response")} />
        </div>
      </div>
      <h3>{t("deliveries.history")}</h3>
      <ol className={ui.timeline}>
        {delivery.history.map((attempt) => (
          <Attempt key={attempt.attempt} attempt={attempt} />
        ))}
      </ol>
    </>
  );
}

function request(delivery: DeliveryDetail, attempt: DeliveryAttempt | undefined): string {
  const sent = attempt?.request;
  const headers = Object.entries(sent?.headers ?? {}).map(([name, value]) => `${name}: ${String(value)}`);
  const head = sent ? [`POST ${sent.url}`, ...headers, ""] : [];
  return [...head, pretty(delivery.body)].join("\n");
}

function response(attempt: DeliveryAttempt | undefined, word: Texts["word"]): string | undefined {
  if (!attempt) return undefined;
  if (attempt.status === null)
    return attempt.error ? `${word(`deliveryError.${attempt.error.class}`)}\n${attempt.error.detail ?? ""}` : undefined;
  return `HTTP ${attempt.status}\n\n${pretty(attempt.response ?? "")}`;
}

function Attempt({ attempt }: { attempt: DeliveryAttempt }) {
  const { t, format, word } = useI18n();
  const ok = attempt.status !== null && attempt.status >= 200 && attempt.status < 300;
  return (
    <li data-tone={ok ? "ok" : "bad"}>
      <div className="row between wrap">
        <strong>
          {t("deliveries.attempt", { number: attempt.attempt })} ·{" "}
          {attempt.status ?? (attempt.error ? word(`deliveryError.${attempt.error.class}`) : "—")}
        </strong>
        <span className="small dim">
          <Ago at={attempt.started_at} /> · {format.duration(attempt.duration_ms)}
        </span>
      </div>
      {attempt.error?.detail && <div className="small dim">{attempt.error.detail}</div>}
      {attempt.reply && (
        <div className="small dim">
          {t("deliveries.reply")}: {attempt.reply.status} {attempt.reply.job_id ?? attempt.reply.error?.message ?? ""}
        </div>
      )}
    </li>
  );
}
