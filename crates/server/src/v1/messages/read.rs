//! `GET /v1/messages/{id}`

use axum::extract::State;
use cetar_engine::{Engine, inbox::MessageTrail};
use cetar_model::{Language, MessageId};
use cetar_store::LoggedMessage;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    list::LoggedData,
    trail::{RequestData, deliveries},
};
use crate::{
    answer::{Answer, Time},
    auth::{Authorized, Messages},
    error::{ApiError, ErrorCode},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
    v1::{
        conversations::view::{media_url, shown},
        deliveries::view::DeliveryData,
    },
};

refusals!(Refusals: NotFound);

/// A message with everything that is known of it.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageDetail)]
pub(crate) struct MessageDetailData {
    #[serde(flatten)]
    message: LoggedData,
    /// What it says, as in a conversation's messages.
    #[schema(value_type = Object)]
    content: Value,
    /// Who wrote it, of one that came in.
    #[schema(required, example = "6281234567890")]
    sender: Option<String>,
    /// What the network calls it.
    #[schema(required)]
    network_id: Option<String>,
    /// When its state last changed.
    state_at: Time,
    /// Where its medium is, for seven days from now.
    #[schema(required)]
    media_url: Option<String>,
    /// The request that asked for it, as it came; `null` where none did (it came in, was typed on the phone, or is a reply in a webhook's
    /// answer), or where it was accepted before requests were kept.
    #[schema(required)]
    request: Option<RequestData>,
    /// The webhooks it caused, newest first, at most 100; `null` for who may not see webhooks.
    #[schema(required)]
    deliveries: Option<Vec<DeliveryData>>,
}

impl MessageDetailData {
    fn of((message, trail): (LoggedMessage, MessageTrail), engine: &Engine, language: Language) -> Self {
        Self {
            content: shown(&message.content),
            media_url: media_url(&message.content, engine),
            message: LoggedData::of(message, language),
            sender: trail.rest.sender,
            network_id: trail.rest.remote_id,
            state_at: trail.rest.state_at.into(),
            request: trail.rest.request.map(RequestData::from),
            deliveries: deliveries(trail.deliveries),
        }
    }
}

/// Read a message
///
/// One of the log, whichever way it went: with what it says, the request that asked for it as it came, and the webhooks it caused.
#[utoipa::path(
    get,
    path = "/v1/messages/{id}",
    tag = "messages",
    operation_id = "getMessage",
    params(("id" = String, Path, description = "The message's id.", example = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")),
    responses((status = 200, description = "The message.", body = Answer<MessageDetailData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    Spoken(language): Spoken,
    Id(id): Id<MessageId>,
) -> Result<Answer<MessageDetailData>, ApiError> {
    let found = state.engine.message(&caller, &id).await?;
    let found = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::found(language, MessageDetailData::of(found, &state.engine, language)))
}
