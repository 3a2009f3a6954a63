//! `GET /v1/events`

use axum::extract::State;
use cetar_engine::events::EventsError;

use super::view::EventData;
use crate::{
    answer::{List, ListAnswer},
    auth::{Authorized, Messages},
    error::{ApiError, ErrorCode},
    input::{Page, PageParams, cursor},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed, CursorExpired);

pub(super) fn refused(error: EventsError) -> ApiError {
    match error {
        EventsError::CursorExpired => ApiError::new(ErrorCode::CursorExpired),
        EventsError::Store(error) => error.into(),
    }
}

/// Pull events
///
/// What webhooks tell, as one stream, oldest first: every event of the key's devices, in an order that never changes and is the
/// same for every reader; nothing is skipped, whatever is written at the same time. Without `after` it begins with the oldest
/// event that is kept.
///
/// Keep `next_cursor` and come back with it: here it is always given. `has_more` says whether to ask again at once; a page may
/// then be short, or even empty, where most events are of devices that the key may not see. A cursor whose events are not kept
/// any more is refused with `cursor_expired`: something was missed, and the way on is to begin without `after`.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "events",
    operation_id = "listEvents",
    params(PageParams),
    responses((status = 200, description = "A page of events.", body = ListAnswer<EventData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    page: Page,
) -> Result<ListAnswer<EventData>, ApiError> {
    let after = page.after()?;
    let page = state.engine.events(&caller, after.as_ref(), page.limit()).await.map_err(refused)?;
    let data = page.events.into_iter().map(EventData::from).collect();
    Ok(List { data, has_more: page.has_more, next_cursor: Some(cursor(&page.next)) }.into())
}
