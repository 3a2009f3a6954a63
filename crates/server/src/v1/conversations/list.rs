//! `GET /v1/conversations`

use axum::extract::State;
use cetar_store::Assigned;

use super::{
    filter::{Filter, FilterParams, Place},
    view::ConversationData,
};
use crate::{
    answer::ListAnswer,
    auth::{Authorized, Inbox},
    error::ApiError,
    input::{Page, PageParams, Problem, cursor},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// List conversations
///
/// Of every channel, newest activity first. A conversation that something happens in meanwhile moves to the top, so it may stand on two
/// pages.
#[utoipa::path(
    get,
    path = "/v1/conversations",
    tag = "conversations",
    operation_id = "listConversations",
    params(PageParams, FilterParams),
    responses((status = 200, description = "A page of conversations.", body = ListAnswer<ConversationData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Inbox>,
    page: Page,
    Filter { mut filter, mine }: Filter,
) -> Result<ListAnswer<ConversationData>, ApiError> {
    if mine {
        let session = caller.session.as_ref();
        let me = session.ok_or_else(|| ApiError::field("assigned", Problem::NoSuchUser))?.user.id.clone();
        filter.assigned = Some(Assigned::To(me));
    }
    filter.after = page.after()?.map(|Place(at, id)| (at, id));
    let found = state.engine.conversations(&caller, &filter, page.to_fetch()).await?;
    let place = |it: &cetar_store::Conversation| cursor(&Place(it.updated_at, it.id.clone()));
    Ok(page.of_fetched(found, place, ConversationData::from).into())
}
