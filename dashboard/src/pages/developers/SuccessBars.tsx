import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { deliveriesQuery } from "~/api/queries";
import { rows } from "~/api/query";
import type { Delivery } from "~/api/types";
import { useI18n } from "~/i18n";
import css from "./developers.module.css";

const HOUR = 3_600_000;
const HOURS = 24;

interface Bar {
  at: number;
  ok: number;
  bad: number;
}

function byHour(deliveries: Delivery[], now: number): Bar[] {
  const first = Math.floor(now / HOUR) - HOURS + 1;
  const bars = Array.from({ length: HOURS }, (_, hour) => ({ at: (first + hour) * HOUR, ok: 0, bad: 0 }));
  for (const delivery of deliveries) {
    const bar = bars[Math.floor(Date.parse(delivery.created_at) / HOUR) - first];
    if (!bar) continue;
    if (delivery.state === "delivered") bar.ok += 1;
    else if (delivery.last_error || delivery.state === "failed") bar.bad += 1;
  }
  return bars;
}

const WIDTH = 24;
const HEIGHT = 10;

/** How the newest deliveries of the last day went, a bar an hour. */
export function SuccessBars({ endpoint }: { endpoint: string }) {
  const { t, format } = useI18n();
  const query = useInfiniteQuery(deliveriesQuery(endpoint, {}));
  const bars = useMemo(() => byHour(rows(query.data), Date.now()), [query.data]);
  const most = Math.max(1, ...bars.map((bar) => bar.ok + bar.bad));
  const ok = bars.reduce((sum, bar) => sum + bar.ok, 0);
  const bad = bars.reduce((sum, bar) => sum + bar.bad, 0);
  return (
    <section className="card stack">
      <div className="row between wrap">
        <h2>{t("webhooks.lastDay")}</h2>
        <span className="dim small">
          {t("webhooks.lastDayCount", { ok: format.number(ok), bad: format.number(bad) })}
        </span>
      </div>
      <svg
        className={css.bars}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t("webhooks.lastDayCount", { ok, bad })}
      >
        {bars.map((bar, index) => {
          const bad = (bar.bad / most) * HEIGHT;
          const ok = (bar.ok / most) * HEIGHT;
          return (
            <g key={bar.at}>
              <title>{`${format.time(new Date(bar.at).toISOString())}: ${bar.ok} ✓ ${bar.bad} ✗`}</title>
              <rect className={css.barNone} x={index + 0.15} width={0.7} y={HEIGHT - 0.4} height={0.4} />
              <rect className={css.barBad} x={index + 0.15} width={0.7} y={HEIGHT - bad} height={bad} />
              <rect className={css.barOk} x={index + 0.15} width={0.7} y={HEIGHT - bad - ok} height={ok} />
            </g>
          );
        })}
      </svg>
    </section>
  );
}
