//! `GET /v1/contacts`

use axum::extract::{RawQuery, State};
use cetar_model::ContactId;

use super::view::ContactData;
use crate::{
    answer::{List, ListAnswer},
    auth::{Authorized, Contacts},
    error::ApiError,
    input::{Page, PageParams, Problem, cursor},
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: ValidationFailed);

/// The longest text that is searched for.
const SEARCH: usize = 100;

fn search(query: Option<&str>) -> Result<Option<String>, ApiError> {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or("").as_bytes());
    let text = pairs.find(|(name, _)| name == "search").map(|(_, text)| text.trim().to_owned());
    if text.as_ref().is_some_and(|text| text.chars().count() > SEARCH) {
        return Err(ApiError::field("search", Problem::TooLong { max: SEARCH }));
    }
    Ok(text.filter(|text| !text.is_empty()))
}

/// List contacts
///
/// Newest first. A page of a search may be short, or even empty, where it fits few of many: each looks at 5,000 contacts; `has_more`
/// says whether to go on.
#[utoipa::path(
    get,
    path = "/v1/contacts",
    tag = "contacts",
    operation_id = "listContacts",
    params(PageParams, ("search" = Option<String>, Query, description = "Stands in a name or an address; up to 100 characters.")),
    responses((status = 200, description = "A page of contacts.", body = ListAnswer<ContactData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Contacts>,
    page: Page,
    RawQuery(query): RawQuery,
) -> Result<ListAnswer<ContactData>, ApiError> {
    let (search, before) = (search(query.as_deref())?, page.after::<ContactId>()?);
    let (found, next) =
        state.engine.contacts(&caller, search.as_deref(), before.as_ref(), page.limit()).await?;
    let next_cursor = next.as_ref().map(cursor);
    let data = found.into_iter().map(ContactData::from).collect();
    Ok(List { data, has_more: next_cursor.is_some(), next_cursor }.into())
}
