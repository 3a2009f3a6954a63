//! `GET /v1/stream`: events as they happen, as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{IntoResponse, Sse, sse::Event},
};
use cetar_engine::events::{Cursor, Followed};
use futures::StreamExt;

use super::{list::refused, view::EventData};
use crate::{
    auth::{Authorized, Messages},
    context::Context,
    error::{ApiError, ErrorCode, Text},
    input::{Page, Problem, cursor, read_cursor},
    openapi::refusals,
    state::AppState,
    streams::Full,
};

refusals!(Refusals: ValidationFailed, CursorExpired, TooManyStreams);

const LAST_EVENT_ID: &str = "Last-Event-ID";
/// What a reader is asked to wait before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Follow events
///
/// Server-sent events: each `data` is one event as `GET /v1/events` shows it, each `id` is a cursor of that list. A reader that
/// connects again with `Last-Event-ID` (browsers do by themselves) or `?after=` goes on where it was and misses nothing; without
/// either it begins with what happens from now on. The stream begins with an `id` alone, and when nothing happens for 15 seconds
/// a comment with the newest `id` comes.
///
/// It ends when the server stops, when the key does not hold any more, and when the reader has fallen behind what is kept. A slow
/// reader gets everything, later; one that takes nothing for two minutes is cut off, and goes on where it was when it connects again.
/// At most 32 streams for the keys of a workspace together, and 16 for each person in it.
#[utoipa::path(
    get,
    path = "/v1/stream",
    tag = "events",
    operation_id = "followEvents",
    params(
        ("after" = Option<String>, Query, description = "A cursor of `GET /v1/events`, to begin after."),
        ("Last-Event-ID" = Option<String>, Header, description = "The last `id` received; goes before `after`."),
    ),
    responses(
        (status = 200, description = "The events.", content_type = "text/event-stream", body = EventData),
        Refusals,
    ),
    security(("apiKey" = [])),
)]
pub(crate) async fn follow(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    context: Context,
    headers: HeaderMap,
    page: Page,
) -> Result<impl IntoResponse, ApiError> {
    let after = match last_event_id(&headers)? {
        Some(cursor) => Some(cursor),
        None => page.after()?,
    };
    let place = state.streams.open(&caller).map_err(|full| match full {
        Full::Workspace => ApiError::new(ErrorCode::TooManyStreams),
        Full::Person => ApiError::new(ErrorCode::TooManyStreams).saying(Text::new(
            "Anda membuka terlalu banyak tab. Tutup yang tidak dipakai, lalu coba lagi.",
            "You have too many tabs open. Close those not in use, then try again.",
        )),
        Full::Server => ApiError::new(ErrorCode::Overloaded),
    })?;
    let from = context.client()?.ip;
    let events = state.engine.follow(caller, from, after).await.map_err(refused)?;
    let events = events.map(move |followed| {
        // Held as long as the stream.
        let _place = &place;
        Ok::<_, Infallible>(written(followed))
    });
    // A stream must not keep the process from stopping.
    let events = events.take_until(state.options.stop.clone().cancelled_owned());
    // nginx would otherwise collect events before it passes them on.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(events)))
}

/// Without a name, so that a reader gets events of names it does not know too; `event` is in the data.
fn written(followed: Followed) -> Event {
    match followed {
        Followed::Event(event) => {
            let id = cursor(&event.cursor);
            // Strings, numbers and JSON that was read: writing it cannot fail.
            Event::default().id(id).json_data(EventData::from(*event)).unwrap_or_default()
        }
        Followed::Idle(place) => Event::default().id(cursor(&place)).retry(RECONNECT).comment(""),
    }
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Cursor>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let text = value.to_str().unwrap_or("?").trim();
    if text.is_empty() {
        return Ok(None);
    }
    read_cursor(text).map(Some).ok_or_else(|| ApiError::field(LAST_EVENT_ID, Problem::Cursor))
}
