import { Button, NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useState } from "react";
import { answer, api } from "~/api/client";
import type { Device, LinkMethod, LinkOutcome } from "~/api/types";
import { useI18n } from "~/i18n";
import { type LinkStep, useLinking } from "~/live/link";
import { Copy } from "~/ui/Copy";
import { Notice } from "~/ui/Notice";
import { Qr } from "~/ui/Qr";
import { State } from "~/ui/State";
import { said } from "~/ui/said";
import { useNow } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import css from "./devices.module.css";

/** How linking a simulated phone can go; only codes are counted. */
const OUTCOMES: readonly LinkOutcome[] = [
  "linked",
  "link_expired",
  "passkey_required",
  "already_linked",
  "banned",
  "too_many_attempts",
];

/** Links a WhatsApp account: by a live QR, or by a code that is typed into the phone. */
export function LinkDevice({ device, methods }: { device: Device; methods: LinkMethod[] }) {
  const { t } = useI18n();
  const [method, setMethod] = useState<LinkMethod>("qr");
  const [phone, setPhone] = useState("");
  const [wanted, setWanted] = useState<LinkOutcome>("linked");
  const outcomes = OUTCOMES.filter((each) => method === "pairing_code" || each !== "too_many_attempts");
  const outcome = outcomes.includes(wanted) ? wanted : "linked";
  const [attempt, setAttempt] = useState(device.state === "linking" ? 1 : 0);
  const step = useLinking(device.id, attempt);

  const begin = useAct(
    (by: LinkMethod) =>
      answer(
        api.POST("/v1/devices/{id}/link", {
          params: { path: { id: device.id } },
          body: {
            method: by,
            ...(by === "pairing_code" && { phone: phone.replace(/[\s+-]/g, "") }),
            ...(device.sandbox && { outcome }),
          },
        }),
      ),
    { quiet: method === "pairing_code", refresh: [["devices"]], after: () => setAttempt((now) => now + 1) },
  );
  const fault = begin.error ? said(begin.error, t) : undefined;
  const steps = method === "qr" ? t("link.scan") : t("link.type");
  return (
    <section className={`card ${css.link}`} aria-labelledby="link-title">
      <div className="stack">
        <h2 id="link-title">{t("link.title")}</h2>
        {methods.length > 1 && (
          <SegmentedControl
            value={method}
            onChange={(value) => setMethod(value as LinkMethod)}
            data={[
              { value: "qr", label: t("link.qr") },
              { value: "pairing_code", label: t("link.code") },
            ]}
          />
        )}
        <ol className={css.steps}>
          <li>{t("link.open")}</li>
          <li>{t("link.menu")}</li>
          <li>{steps}</li>
        </ol>
        {method === "pairing_code" && (
          <TextInput
            label={t("link.phone")}
            description={t("link.phoneAbout")}
            value={phone}
            onChange={(event) => setPhone(event.currentTarget.value)}
            error={fault}
            inputMode="tel"
          />
        )}
        {device.sandbox && (
          <NativeSelect
            label={t("link.outcome")}
            description={t("link.outcomeAbout")}
            value={outcome}
            onChange={(event) => setWanted(event.currentTarget.value as LinkOutcome)}
            data={outcomes.map((each) => ({ value: each, label: t(`linkOutcome.${each}`) }))}
          />
        )}
        <div>
          <Button onClick={() => begin.mutate(method)} loading={begin.isPending}>
            {attempt > 0 ? t("link.again") : method === "qr" ? t("link.showQr") : t("link.showCode")}
          </Button>
        </div>
        <p className="small dim">{t("link.passkey")}</p>
      </div>
      <div className={css.qr} aria-live="polite">
        {attempt > 0 ? <Progress step={step} /> : <p className="dim">{t("link.idle")}</p>}
      </div>
    </section>
  );
}

function Progress({ step }: { step: LinkStep }) {
  const { t } = useI18n();
  if (step.step === "qr")
    return (
      <>
        <div className={css.qrFrame}>
          <Qr text={step.data} label={t("link.qrLabel")} />
        </div>
        <Countdown from={step.seen_at} until={Date.parse(step.expires_at)} />
      </>
    );
  if (step.step === "code")
    return (
      <>
        <span className={css.code}>{step.code}</span>
        <Copy text={step.code} />
        <Countdown from={step.seen_at} until={Date.parse(step.expires_at)} />
      </>
    );
  if (step.step === "connecting") return <State tone="busy" label={t("link.connecting")} />;
  if (step.step === "linked") return <State tone="ok" label={t("link.linked")} />;
  if (step.step === "broken")
    return (
      <Notice tone="bad">
        <p>{step.error ? said(step.error, t) : t("link.broken")}</p>
      </Notice>
    );
  if (step.step === "failed")
    return (
      <Notice tone="bad">
        <p>{step.message}</p>
      </Notice>
    );
  return <State tone="busy" label={t("link.waiting")} />;
}

const RADIUS = 10;
const ROUND = 2 * Math.PI * RADIUS;

/** How long this QR or code still holds, as a ring that shrinks. */
function Countdown({ from, until }: { from: number; until: number }) {
  const { t } = useI18n();
  const now = useNow();
  const left = Math.max(0, until - now);
  const share = until > from ? Math.min(1, left / (until - from)) : 0;
  return (
    <span className="row dim small">
      <svg width={26} height={26} className={css.ring} aria-hidden>
        <circle className={css.ringTrack} cx={13} cy={13} r={RADIUS} />
        <circle
          className={css.ringLeft}
          cx={13}
          cy={13}
          r={RADIUS}
          strokeDasharray={ROUND}
          strokeDashoffset={ROUND * (1 - share)}
        />
      </svg>
      {left > 0 ? t("link.left", { count: Math.ceil(left / 1_000) }) : t("link.renewing")}
    </span>
  );
}
