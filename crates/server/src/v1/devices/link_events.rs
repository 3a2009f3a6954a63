//! `GET /v1/devices/{id}/link/events`: what to show while a device is being linked, as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderName,
    response::{
        IntoResponse, Sse,
        sse::{Event, KeepAlive},
    },
};
use cetar_engine::link::LinkEvent;
use cetar_model::{DeviceId, DownReason, Language};
use futures::StreamExt;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::refused;
use crate::{
    answer::Time,
    auth::{Admin, Authorized},
    error::ApiError,
    input::Id,
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Proxies close connections that are silent for a minute or less.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The `data` of an event, by its name.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = LinkEvent)]
pub(crate) enum LinkEventData {
    /// `event: qr`: draw this text as a QR; it replaces the one before.
    #[schema(title = "qr")]
    Qr {
        /// The text in the QR. A secret while it is valid.
        data: String,
        /// Until when.
        expires_at: Time,
    },
    /// `event: code`: to be typed into the phone.
    #[schema(title = "code")]
    Code {
        /// `ABCD-EFGH`
        code: String,
        /// Until when.
        expires_at: Time,
    },
    /// `event: linked`: done. The last event.
    #[schema(title = "linked")]
    Linked {
        /// The account's own address.
        address: String,
    },
    /// `event: failed`: it did not come about. The last event.
    #[schema(title = "failed")]
    Failed {
        /// Why, where we know.
        #[schema(value_type = Option<schema::DownReason>, required)]
        reason: Option<DownReason>,
        /// The same in words, and what to do.
        message: String,
    },
    /// `event: connecting`: the phone took it.
    #[schema(title = "connecting")]
    Connecting {},
}

fn describe(event: LinkEvent, language: Language) -> (&'static str, LinkEventData) {
    match event {
        LinkEvent::Qr { data, expires_at } => {
            ("qr", LinkEventData::Qr { data, expires_at: expires_at.into() })
        }
        LinkEvent::Code { code, expires_at } => {
            ("code", LinkEventData::Code { code, expires_at: expires_at.into() })
        }
        LinkEvent::Connecting => ("connecting", LinkEventData::Connecting {}),
        LinkEvent::Linked { address } => ("linked", LinkEventData::Linked { address }),
        LinkEvent::Failed { reason, message } => {
            let message = reason.map_or(message, |reason| reason.message(language).to_owned());
            ("failed", LinkEventData::Failed { reason, message })
        }
    }
}

/// Watch a device being linked
///
/// Server-sent events: `qr`, `code`, `connecting`, then `linked` or `failed`, after which the stream ends. It begins with the
/// latest event; it is empty where no linking is under way. A comment comes every 15 seconds of silence.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}/link/events",
    tag = "devices",
    operation_id = "watchDeviceLink",
    params(("id" = String, Path, description = "The device's id.")),
    responses(
        (status = 200, description = "The events.", content_type = "text/event-stream", body = LinkEventData),
        Refusals,
    ),
    security(("apiKey" = [])),
)]
pub(crate) async fn link_events(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
) -> Result<impl IntoResponse, ApiError> {
    let events =
        state.engine.link_events(&caller, &id).await.map_err(|error| refused(error, Some(&id), ""))?;
    let events = events.map(move |event| {
        let (name, data) = describe(event, language);
        let event = Event::default().event(name);
        Ok::<_, Infallible>(event.json_data(data).unwrap_or_default())
    });
    // A stream must not keep the process from stopping.
    let events = events.take_until(state.options.stop.clone().cancelled_owned());
    // nginx would otherwise collect events before it passes them on.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))))
}
