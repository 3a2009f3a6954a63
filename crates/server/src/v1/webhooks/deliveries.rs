//! `GET /v1/webhooks/{id}/deliveries`

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use cetar_model::{DeliveryState, EndpointId};
use cetar_store::DeliveryFilter;
use utoipa::IntoParams;

use super::body::unknown_event;
use crate::{
    answer::ListAnswer,
    auth::{Admin, Authorized},
    error::ApiError,
    input::{FieldProblem, Id, Moment, Page, PageParams, Problem, cursor},
    openapi::{refusals, schema},
    state::AppState,
    v1::deliveries::view::DeliveryData,
};

refusals!(Refusals: NotFound, ValidationFailed);

/// Which deliveries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by hand, so that every bad parameter is listed at once")]
pub(crate) struct DeliveryParams {
    /// Only those that stand there.
    #[param(value_type = Option<schema::DeliveryStatus>)]
    state: Option<String>,
    /// Only of this event, or of those a wildcard covers.
    #[param(example = "message.*")]
    event: Option<String>,
    /// Made then or later, RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Made before, RFC 3339.
    #[param(format = DateTime)]
    until: Option<String>,
}

/// The page and the filter, every bad parameter listed at once.
pub(crate) struct Query {
    page: Page,
    filter: DeliveryFilter,
}

impl Query {
    fn read(query: &str) -> Result<Self, ApiError> {
        let (page, mut problems) = match Page::read(query) {
            Ok(page) => (page, Vec::new()),
            Err(problems) => (Page::default(), problems),
        };
        let mut filter =
            DeliveryFilter { after: page.after_id().map(str::to_owned), ..DeliveryFilter::default() };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let read = match (&*name, &*value) {
                ("state", state) => {
                    let unknown = || Problem::unknown(DeliveryState::ALL, DeliveryState::as_str);
                    state.parse().map(|state| filter.state = Some(state)).map_err(|_| unknown())
                }
                ("event", event) => {
                    event.parse().map(|event| filter.event = Some(event)).map_err(|_| unknown_event())
                }
                ("since", at) => Moment::of_query(at).map(|at| filter.since = Some(at)).ok_or(Problem::Time),
                ("until", at) => Moment::of_query(at).map(|at| filter.until = Some(at)).ok_or(Problem::Time),
                _ => Ok(()),
            };
            if let Err(problem) = read {
                problems.push(FieldProblem { field: name.into_owned(), problem });
            }
        }
        if problems.is_empty() { Ok(Self { page, filter }) } else { Err(ApiError::fields(problems)) }
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::read(parts.uri.query().unwrap_or(""))
    }
}

/// List the deliveries of a webhook endpoint
///
/// Newest first: what was sent, what waits, what failed for good. Kept for 30 days.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/deliveries",
    tag = "webhooks",
    operation_id = "listDeliveries",
    params(("id" = String, Path, description = "The endpoint's id."), DeliveryParams, PageParams),
    responses((status = 200, description = "A page of deliveries.", body = ListAnswer<DeliveryData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn deliveries(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Id(id): Id<EndpointId>,
    Query { page, filter }: Query,
) -> Result<ListAnswer<DeliveryData>, ApiError> {
    let found = state.engine.deliveries(&caller, &id, &filter, page.to_fetch()).await?;
    Ok(page.of_fetched(found, |delivery| cursor(&delivery.id), DeliveryData::from).into())
}
