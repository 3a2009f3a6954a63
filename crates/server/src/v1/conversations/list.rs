//! `GET /v1/conversations`

use axum::extract::State;
use cetar_store::Assigned;

use super::{
    filter::{Filter, FilterParams, Place},
    view::ConversationData,
};
use crate::{
    answer::{List, ListAnswer},
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
/// pages. With a filter or a search a page may be short, or even empty, where few of many fit: each looks at about 5,000 conversations;
/// `has_more` says whether to go on.
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
    let (found, next) = state.engine.conversations(&caller, &filter, page.limit()).await?;
    let next_cursor = next.map(|(at, id)| cursor(&Place(at, id)));
    let data = found.into_iter().map(ConversationData::from).collect();
    Ok(List { data, has_more: next_cursor.is_some(), next_cursor }.into())
}
