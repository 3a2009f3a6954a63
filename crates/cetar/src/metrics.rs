//! Figures for Prometheus.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use cetar_server::MetricsRenderer;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;

/// How often the queue is counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// Seconds; from a cached read to the longest a request may take.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Writes in one commit.
const BATCHES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Where figures are collected.
#[derive(Clone)]
pub(crate) struct Figures(PrometheusHandle);

impl Figures {
    /// Starts collecting. Once a process.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full("cetar_store_batch_size".to_owned()), BATCHES)
            })
            .context("the buckets of the figures")?
            .build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).context("figures are collected twice")?;
        describe();
        gauge!("cetar_build_info", "version" => env!("CARGO_PKG_VERSION"), "simulated" => cfg!(feature = "simulated").to_string())
            .set(1.0);
        Ok(Self(handle))
    }

    /// What `/metrics` shows.
    pub(crate) fn renderer(&self) -> MetricsRenderer {
        let handle = self.0.clone();
        Arc::new(move || handle.render())
    }

    /// Counts the queue and tidies up, until `stop`.
    pub(crate) async fn run(self, gateway: Gateway, stop: CancellationToken) {
        let mut timer = tokio::time::interval(COUNT_EVERY);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = timer.tick() => {}
            }
            self.0.run_upkeep();
            count(&gateway).await;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^52")]
async fn count(gateway: &Gateway) {
    match gateway.store.queue_figures().await {
        Ok(figures) => {
            let now = gateway.engine.clock().now();
            let age = figures.oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
            gauge!("cetar_queue_jobs").set(figures.open as f64);
            gauge!("cetar_queue_oldest_seconds").set(age.as_secs_f64());
            gauge!("cetar_queue_dead_jobs").set(figures.dead as f64);
            gauge!("cetar_queue_deliveries").set(figures.deliveries as f64);
        }
        Err(error) => tracing::debug!(%error, "the queue was not counted"),
    }
}

fn describe() {
    describe_gauge!("cetar_build_info", "Which version runs; always 1");
    describe_gauge!("cetar_queue_jobs", Unit::Count, "Messages accepted and not yet sent");
    describe_gauge!("cetar_queue_oldest_seconds", Unit::Seconds, "How long the oldest of them has waited");
    describe_gauge!("cetar_queue_dead_jobs", Unit::Count, "Messages given up, kept to be looked at");
    describe_gauge!("cetar_queue_deliveries", Unit::Count, "Webhook deliveries not yet made");
    describe_counter!("cetar_messages_accepted_total", Unit::Count, "Messages accepted for sending");
    describe_counter!("cetar_messages_received_total", Unit::Count, "Messages that came in");
    describe_counter!(
        "cetar_job_leases_lost_total",
        Unit::Count,
        "Sends whose lease ended before their outcome was written"
    );
    describe_counter!(
        "cetar_webhook_attempts_total",
        Unit::Count,
        "Attempts to deliver to a webhook, by result"
    );
    describe_histogram!("cetar_webhook_attempt_seconds", Unit::Seconds, "How long such an attempt took");
    describe_gauge!("cetar_store_wal_pages", Unit::Count, "Pages in SQLite's write-ahead log");
    describe_histogram!("cetar_store_batch_size", Unit::Count, "Writes in one commit");
    describe_histogram!("cetar_store_commit_seconds", Unit::Seconds, "How long a commit took");
    describe_counter!("cetar_store_failed_batches_total", Unit::Count, "Commits that failed");
    describe_counter!(
        "cetar_store_collisions_total",
        Unit::Count,
        "PostgreSQL transactions tried again after a collision"
    );
    describe_counter!("cetar_http_requests_total", Unit::Count, "Requests answered");
    describe_histogram!("cetar_http_request_duration_seconds", Unit::Seconds, "How long requests took");
}
