import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, api } from "~/api/client";
import { jobQuery } from "~/api/queries";
import type { Job } from "~/api/types";
import { grouped } from "~/domain/address";
import { CHANNEL } from "~/domain/channels";
import { MESSAGE_TONE } from "~/domain/message";
import { useI18n } from "~/i18n";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { Notice } from "~/ui/Notice";
import { SidePanel } from "~/ui/SidePanel";
import { State } from "~/ui/State";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import ui from "~/ui/ui.module.css";
import { useAct } from "~/ui/useAct";
import { Trail } from "./Trail";

/** The life of one message, with every attempt and the network's own words. */
export function JobPanel({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <SidePanel title={t("log.one")} opened={id !== undefined} onClose={onClose}>
      {id && <Body id={id} />}
    </SidePanel>
  );
}

function Body({ id }: { id: string }) {
  const job = useQuery(jobQuery(id));
  return <Loaded query={job}>{(found) => <Shown job={found} />}</Loaded>;
}

function Shown({ job }: { job: Job }) {
  const { t, word } = useI18n();
  return (
    <>
      <State tone={MESSAGE_TONE[job.status]} label={t(`messageState.${job.status}`)} />
      {job.error && (
        <Notice tone={job.status === "failed" ? "bad" : "warn"}>
          <p>{job.error.message}</p>
          <p className="mono">
            {job.error.code}
            {job.error.provider_code && ` · ${job.error.provider_code}`}
          </p>
        </Notice>
      )}
      {job.held_message && <Notice tone="warn">{job.held_message}</Notice>}
      <Facts
        facts={[
          [t("log.job"), <Copy key="job" text={job.job_id} />],
          [t("log.message"), <Copy key="message" text={job.message_id} />],
          [t("log.address"), <Copy key="to" text={job.to} shown={grouped(job.to, job.channel)} />],
          [t("log.channel"), CHANNEL[job.channel].name],
          [t("log.type"), t(`type.${job.type}`)],
          job.client_ref !== null && [t("log.clientRef"), <Copy key="ref" text={job.client_ref} />],
          [t("log.accepted"), <Ago key="at" at={job.created_at} />],
          job.next_attempt_at !== null && [t("log.nextTry"), <Ago key="next" at={job.next_attempt_at} />],
          [t("log.expires"), <Ago key="expires" at={job.expires_at} />],
        ]}
      />
      <Actions job={job} />
      <h3>{t("log.life")}</h3>
      <ol className={ui.timeline}>
        <li>
          <strong>{t("log.accepted")}</strong>{" "}
          <span className="small dim">
            · <Ago at={job.created_at} />
          </span>
        </li>
        {job.history.map((attempt) => (
          <li key={attempt.attempt} data-tone={attempt.outcome === "sent" ? "ok" : "warn"}>
            <strong>{t("log.attempt", { number: attempt.attempt })}</strong> ·{" "}
            {word(`attemptOutcome.${attempt.outcome}`)}{" "}
            <span className="small dim">
              · <Ago at={attempt.ended_at} />
            </span>
            {attempt.detail && <div className="small dim">{attempt.detail}</div>}
          </li>
        ))}
        <li data-tone={MESSAGE_TONE[job.status]}>
          <strong>{t(`messageState.${job.status}`)}</strong>{" "}
          <span className="small dim">
            · <Ago at={job.updated_at} />
          </span>
        </li>
      </ol>
      <Trail request={job.request} deliveries={job.deliveries} />
    </>
  );
}

function Actions({ job }: { job: Job }) {
  const { t } = useI18n();
  const path = { params: { path: { id: job.job_id } } };
  const refresh = [["job"], ["messages"]];
  const cancel = useAct(() => answer(api.POST("/v1/jobs/{id}/cancel", path)), { done: t("log.cancelled"), refresh });
  const retry = useAct(() => answer(api.POST("/v1/jobs/{id}/retry", path)), { done: t("log.retried"), refresh });
  const resolve = useAct(
    (outcome: "sent" | "failed") => answer(api.POST("/v1/jobs/{id}/resolve", { ...path, body: { outcome } })),
    { done: t("log.resolved"), refresh },
  );
  if (job.status === "queued")
    return (
      <div>
        <Button variant="default" onClick={() => cancel.mutate(undefined)}>
          {t("log.cancel")}
        </Button>
      </div>
    );
  if (job.status !== "failed" && job.status !== "unknown") return null;
  return (
    <div className="row wrap">
      <Button variant="default" onClick={() => retry.mutate(undefined)}>
        {t("log.retry")}
      </Button>
      {job.status === "unknown" && (
        <>
          <Button variant="default" onClick={() => resolve.mutate("sent")}>
            {t("log.wasSent")}
          </Button>
          <Button variant="default" onClick={() => resolve.mutate("failed")}>
            {t("log.wasNotSent")}
          </Button>
        </>
      )}
    </div>
  );
}
