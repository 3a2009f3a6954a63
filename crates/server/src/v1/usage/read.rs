//! `GET /v1/usage`

use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use cetar_engine::usage::Usage;
use cetar_store::Figures;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Answer, Time},
    auth::{Authorized, WholeWorkspace},
    error::ApiError,
    input::Problem,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// The spans that can be asked for: their names, their hours, and the hours of a point of the series.
const PERIODS: [(&str, u32, usize); 3] = [("24h", 24, 1), ("7d", 168, 6), ("30d", 720, 24)];

/// Figures over a span.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageData {
    #[serde(flatten)]
    total: FiguresData,
    /// The span of the same length before.
    previous: FiguresData,
    /// The span in equal parts, oldest first: hours of `24h`, six hours of `7d`, days of `30d`.
    series: Vec<PointData>,
    /// Of the last hour: from accepting a send to its network taking it.
    latency_ms: LatencyData,
    /// What waits to be sent.
    queue: QueueData,
    /// Devices by their state.
    #[schema(example = json!({"connected": 2}))]
    devices: BTreeMap<&'static str, u32>,
    /// Webhook endpoints by their state.
    #[schema(example = json!({"active": 1}))]
    endpoints: BTreeMap<&'static str, u32>,
}

/// Figures.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageFigures)]
struct FiguresData {
    /// Messages accepted to be sent.
    out: u32,
    /// Messages that came in.
    r#in: u32,
    /// Of those to be sent, those that failed.
    failed: u32,
    /// The part that did not fail, 0 to 1; `null` where nothing was sent.
    #[schema(required, example = 0.99)]
    success_rate: Option<f64>,
}

impl From<Figures> for FiguresData {
    fn from(figures: Figures) -> Self {
        let good = f64::from(figures.sent.saturating_sub(figures.failed));
        Self {
            out: figures.sent,
            r#in: figures.came_in,
            failed: figures.failed,
            success_rate: (figures.sent > 0).then(|| good / f64::from(figures.sent)),
        }
    }
}

/// A part of the span.
#[derive(Serialize, ToSchema)]
#[schema(as = UsagePoint)]
struct PointData {
    /// Its beginning.
    at: Time,
    /// Messages accepted to be sent.
    out: u32,
    /// Messages that came in.
    r#in: u32,
    /// Of those to be sent, those that failed.
    failed: u32,
}

/// Milliseconds.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageLatency)]
struct LatencyData {
    /// Half of them took at most this; `null` where nothing was sent.
    #[schema(required)]
    p50: Option<u64>,
    /// 95 of a hundred took at most this.
    #[schema(required)]
    p95: Option<u64>,
}

/// What waits.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageQueue)]
struct QueueData {
    /// How many, counted up to 10,000.
    waiting: u32,
    /// Since when the oldest does.
    #[schema(required)]
    oldest_at: Option<Time>,
}

impl UsageData {
    fn of(usage: Usage, hours_of_point: usize) -> Self {
        let points = usage.hours.chunks(hours_of_point).filter_map(|hours| {
            let sum: Figures = hours.iter().map(|(_, figures)| *figures).sum();
            let (at, _) = hours.first()?;
            Some(PointData { at: (*at).into(), out: sum.sent, r#in: sum.came_in, failed: sum.failed })
        });
        Self {
            total: usage.total.into(),
            previous: usage.previous.into(),
            series: points.collect(),
            latency_ms: LatencyData {
                p50: usage.latency.map(|(half, _)| half),
                p95: usage.latency.map(|(_, most)| most),
            },
            queue: QueueData { waiting: usage.waiting, oldest_at: usage.oldest_waiting.map(Time::from) },
            devices: usage.devices.into_iter().map(|(state, count)| (state.as_str(), count)).collect(),
            endpoints: usage.endpoints.into_iter().map(|(state, count)| (state.as_str(), count)).collect(),
        }
    }
}

fn period(query: Option<&str>) -> Result<(u32, usize), ApiError> {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or("").as_bytes());
    let asked = pairs.find(|(name, value)| name == "period" && !value.is_empty()).map(|(_, value)| value);
    let asked = asked.as_deref().unwrap_or("24h");
    let known = PERIODS.iter().find(|(name, ..)| *name == asked);
    let unknown =
        || Problem::Unknown { allowed: PERIODS.iter().map(|(name, ..)| (*name).to_owned()).collect() };
    known.map(|(_, hours, point)| (*hours, *point)).ok_or_else(|| ApiError::field("period", unknown()))
}

/// Read figures
///
/// What was sent, came in and failed over a span that ends now, beside the span before; what waits; how devices and webhooks are.
#[utoipa::path(
    get,
    path = "/v1/usage",
    tag = "workspace",
    operation_id = "getUsage",
    params(("period" = Option<String>, Query, description = "`24h`, `7d` or `30d`. Left out: `24h`.")),
    responses((status = 200, description = "The figures.", body = Answer<UsageData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
    RawQuery(query): RawQuery,
) -> Result<Answer<UsageData>, ApiError> {
    let (hours, point) = period(query.as_deref())?;
    let usage = state.engine.usage(&caller, hours).await?;
    Ok(Answer::found(language, UsageData::of(usage, point)))
}
