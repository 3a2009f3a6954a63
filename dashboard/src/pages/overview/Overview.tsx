import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Navigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usageQuery } from "~/api/queries";
import type { Period, Usage } from "~/api/types";
import { useI18n } from "~/i18n";
import { useMay } from "~/shell/session";
import { Chart } from "~/ui/Chart";
import { Page } from "~/ui/Page";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import { Attention } from "./Attention";
import { FirstSteps } from "./FirstSteps";
import css from "./overview.module.css";

const route = getRouteApi("/app/");
const PERIODS: readonly Period[] = ["24h", "7d", "30d"];

export default function Overview() {
  const { t } = useI18n();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("usage");
  const period = PERIODS.find((each) => each === search.period) ?? "24h";
  const usage = useQuery({ ...usageQuery(period), enabled: may });
  if (!may) return <Navigate to="/inbox" replace />;
  const choose = (
    <SegmentedControl
      aria-label={t("overview.period")}
      value={period}
      onChange={(value) => void navigate({ search: { period: value }, replace: true })}
      data={PERIODS.map((value) => ({ value, label: t(`period.${value}`) }))}
    />
  );
  return (
    <Page title={t("nav.overview")} actions={choose}>
      <FirstSteps />
      <Loaded query={usage}>{(found) => <Shown usage={found} period={period} />}</Loaded>
      <Attention />
    </Page>
  );
}

function Shown({ usage, period }: { usage: Usage; period: Period }) {
  const { t, format } = useI18n();
  const name = (at: string) => (period === "24h" ? format.time(at) : format.shortDay(at));
  const values = (key: "in" | "out" | "failed") => usage.series.map((point) => point[key]);
  const { latency_ms, queue } = usage;
  return (
    <>
      <div className={css.figures}>
        <Figure name={t("overview.out")} value={format.number(usage.out)} change={usage.out - usage.previous.out} />
        <Figure name={t("overview.in")} value={format.number(usage.in)} change={usage.in - usage.previous.in} />
        <Figure
          name={t("overview.success")}
          value={usage.success_rate === null ? "—" : format.percent(usage.success_rate)}
          about={t("overview.failed", { count: format.number(usage.failed) })}
        />
        <Figure name={t("overview.waiting")} value={format.number(queue.waiting)}>
          {queue.oldest_at ? (
            <>
              {t("overview.oldest")} <Ago at={queue.oldest_at} />
            </>
          ) : (
            t("overview.nothingWaits")
          )}
        </Figure>
      </div>
      <section className="card stack">
        <div className="row between wrap">
          <h2>{t("overview.messages")}</h2>
          {latency_ms.p50 !== null && latency_ms.p95 !== null && (
            <span className="small dim">
              {t("overview.latency", { p50: format.duration(latency_ms.p50), p95: format.duration(latency_ms.p95) })}
            </span>
          )}
        </div>
        <Chart
          label={t("overview.chart", { out: usage.out, in: usage.in, failed: usage.failed })}
          names={usage.series.map((point) => name(point.at))}
          series={[
            { name: t("overview.out"), look: "out", values: values("out") },
            { name: t("overview.in"), look: "in", values: values("in") },
            { name: t("overview.failedName"), look: "bad", values: values("failed") },
          ]}
        />
      </section>
    </>
  );
}

interface FigureProps {
  name: string;
  value: string;
  /** Against the time before. */
  change?: number;
  about?: string;
  children?: ReactNode;
}

function Figure({ name, value, change, about, children }: FigureProps) {
  const { t, format } = useI18n();
  const sign = change !== undefined && change > 0 ? "+" : "";
  return (
    <div className={`card ${css.figure}`}>
      <span className="dim">{name}</span>
      <span className={css.value}>{value}</span>
      <span className="small dim">
        {change === undefined ? about : t("overview.change", { change: `${sign}${format.number(change)}` })}
        {children}
      </span>
    </div>
  );
}
