//! A webhook endpoint as the API shows it: without the secret.

use cetar_model::{DeviceId, EndpointId, EndpointState, Language, Subscription, circuit_is_open};
use cetar_store::Endpoint;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Time, openapi::schema};

/// A webhook endpoint; its secret is shown once, when it is added or changed.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookData {
    /// Its id.
    #[schema(value_type = String, example = "wh_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: EndpointId,
    /// Where events go.
    #[schema(example = "https://contoh.com/webhook")]
    url: String,
    /// Which events: names or wildcards; empty: all.
    #[schema(value_type = Vec<String>, example = json!(["message.*"]))]
    events: Vec<Subscription>,
    /// Only events of this device; `null`: of all.
    #[schema(value_type = Option<String>, required)]
    device_id: Option<DeviceId>,
    /// The names of the headers it is sent; their values are not shown.
    #[schema(example = json!(["X-Api-Key"]))]
    headers: Vec<String>,
    /// One delivery at a time, in the order of the events.
    ordered: bool,
    /// `X-Hub-Signature-256` is sent too.
    legacy_signature: bool,
    /// A reply in its answer is sent.
    replies: bool,
    /// How it is: `active`; `failing` (nothing has succeeded since `failing_since`; after ten failures in a row it is only probed until it
    /// is back); `paused`; `disabled`.
    #[schema(value_type = schema::WebhookState)]
    state: EndpointState,
    /// What that means and what to do; `null` where nothing.
    #[schema(required, example = json!(null))]
    message: Option<&'static str>,
    /// Attempts that failed since the last that succeeded.
    #[schema(example = 0)]
    consecutive_failures: u32,
    /// When the first of them ended.
    #[schema(required)]
    failing_since: Option<Time>,
    /// Nothing is sent to it before; `null`: at once.
    #[schema(required)]
    next_attempt_at: Option<Time>,
    /// When it was paused.
    #[schema(required)]
    paused_at: Option<Time>,
    /// When it was switched off; `null` while it is on.
    #[schema(required)]
    disabled_at: Option<Time>,
    /// Why it was switched off: `gone` (it answered 410), `failing` (every attempt of five days failed), `unreadable` (its secret
    /// or its headers cannot be opened).
    #[schema(required)]
    disabled_reason: Option<String>,
    /// When it was added.
    created_at: Time,
}

impl WebhookData {
    pub(super) fn of(endpoint: Endpoint, language: Language) -> Self {
        let state = endpoint.state();
        let message = message(&endpoint, language);
        let (disabled_at, disabled_reason) = endpoint.disabled.unzip();
        Self {
            id: endpoint.id,
            url: endpoint.url,
            events: endpoint.events,
            device_id: endpoint.device,
            headers: endpoint.headers,
            ordered: endpoint.ordered,
            legacy_signature: endpoint.legacy_signature,
            replies: endpoint.replies,
            state,
            message,
            consecutive_failures: endpoint.failures,
            failing_since: endpoint.failing_since.map(Time::from),
            next_attempt_at: endpoint.not_before.map(Time::from),
            paused_at: endpoint.paused_at.map(Time::from),
            disabled_at: disabled_at.map(Time::from),
            disabled_reason,
            created_at: endpoint.created_at.into(),
        }
    }
}

fn message(endpoint: &Endpoint, language: Language) -> Option<&'static str> {
    let reason = endpoint.disabled.as_ref().map(|(_, reason)| reason.as_str());
    let (indonesian, english) = match (endpoint.state(), reason) {
        (EndpointState::Active, _) => return None,
        (EndpointState::Failing, _) if !circuit_is_open(endpoint.failures) => (
            "Percobaan terakhir gagal. Setiap webhook diulang dengan jeda yang makin panjang; tidak ada yang hilang. Lihat log pengiriman.",
            "The last attempt failed. Each webhook is repeated after ever longer pauses; nothing is lost. See the delivery log.",
        ),
        (EndpointState::Failing, _) => (
            "Server Anda tidak menerima webhook. Dicoba satu per satu sampai berhasil; tidak ada yang hilang. Periksa server Anda.",
            "Your server does not take webhooks. It is tried one at a time until it does; nothing is lost. See to your server.",
        ),
        (EndpointState::Paused, _) => (
            "Dijeda; event disimpan. Lanjutkan dengan POST /v1/webhooks/{id}/resume.",
            "Paused; its events are kept. Go on with POST /v1/webhooks/{id}/resume.",
        ),
        (EndpointState::Disabled, Some("gone")) => (
            "Server Anda menjawab 410 (sudah tiada). Aktifkan lagi dengan POST /v1/webhooks/{id}/enable, lalu recover.",
            "Your server answered 410 (gone). Enable it again with POST /v1/webhooks/{id}/enable, then recover.",
        ),
        (EndpointState::Disabled, Some("unreadable")) => (
            "Secret atau header-nya tidak dapat dibuka. Ganti dengan rotate-secret (dan PATCH headers), lalu enable.",
            "Its secret or headers cannot be opened. Change them with rotate-secret (and PATCH headers), then enable it.",
        ),
        (EndpointState::Disabled, _) => (
            "Semua percobaan selama lima hari gagal. Perbaiki server Anda, lalu POST /v1/webhooks/{id}/enable dan recover.",
            "Every attempt of five days failed. Mend your server, then POST /v1/webhooks/{id}/enable and recover.",
        ),
    };
    Some(language.pick(indonesian, english))
}
