//! `POST /v1/blocked-ips`

use std::net::IpAddr;

use axum::extract::State;
use cetar_store::StoreError;
use ipnet::IpNet;
use utoipa::ToSchema;

use super::view::RangeData;
use crate::{
    answer::Answer,
    auth::{Authorized, WholeWorkspace},
    context::Context,
    error::{ApiError, Text},
    input::{Body, Fields, IpRange, Problem, TextRule},
    language::Spoken,
    openapi::refusals,
    options::Face,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge);

/// What to block.
#[derive(ToSchema)]
#[schema(as = NewBlockedRange, example = json!({"range": "203.0.113.0/24", "note": "Percobaan masuk"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct BlockBody {
    /// An address or a CIDR range; not one that holds your own address.
    #[schema(min_length = 2, max_length = 50)]
    range: String,
    /// Why, up to 200 characters.
    #[schema(max_length = 200, nullable, required = false)]
    note: Option<String>,
}

/// `own`: the address of whoever asks, which must stay let in.
fn parse(fields: &Fields<'_>, own: Option<IpAddr>) -> Result<(IpNet, Option<String>), ApiError> {
    fields.require("range");
    let range = fields.parsed("range", || Problem::IpRange).map(|IpRange(range)| range);
    if let (Some(range), Some(own)) = (range, own)
        && range.contains(&own)
    {
        fields.refuse("range", Problem::OwnAddress);
    }
    let note = fields.text("note", TextRule::any(200)).map(str::trim).filter(|note| !note.is_empty());
    let range = fields.complete(range)?;
    Ok((range, note.map(str::to_owned)))
}

/// Block addresses
///
/// Keys and people are refused from there, with `ip_blocked`, within a second.
#[utoipa::path(
    post,
    path = "/v1/blocked-ips",
    tag = "users",
    operation_id = "blockIp",
    request_body = BlockBody,
    responses((status = 200, description = "Blocked.", body = Answer<RangeData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    context: Context,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<RangeData>, ApiError> {
    let own = match state.options.face {
        Face::Public => Some(context.client()?.ip.to_canonical()),
        Face::Local => None,
    };
    let (range, note) = parse(&body.fields(), own)?;
    let made = state.engine.block_range(&caller, range, note).await.map_err(|error| match error {
        StoreError::Conflict => ApiError::field("range", Problem::Duplicate),
        other => other.into(),
    })?;
    Ok(Answer::new(language, Text::new("Rentang IP diblokir.", "The range is blocked."), made.into()))
}
