//! `POST /v1/devices/{id}/phone`

use axum::extract::State;
use cetar_engine::phone::{PhoneAct, PhoneError};
use cetar_model::{Channel, Chat, DeviceId, MessageId};
use utoipa::ToSchema;

use super::{
    refusal::refused,
    view::{DeviceData, show},
};
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Id, Problem, TextRule, recipient},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound, PeopleAreReal, NetworkUnavailable);

/// What a simulated person does.
#[derive(ToSchema)]
#[schema(as = UsePhone, example = json!({"from": "6281234567890", "type": "text", "text": "Halo"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct PhoneBody {
    /// Whose phone: an address as in `to` of a send.
    #[schema(min_length = 1, max_length = 33)]
    from: String,
    /// `text` writes, `button` presses.
    #[schema(example = "text")]
    r#type: String,
    /// What is written; with `button`, what stands on it.
    #[schema(nullable, required = false, max_length = 4096)]
    text: Option<String>,
    /// With `button`, which needs it: the id of the button.
    #[schema(nullable, required = false, max_length = 256)]
    button_id: Option<String>,
    /// With `button`: the message that carries it.
    #[schema(nullable, required = false, pattern = "^msg_[0-9a-f]{32}$")]
    message_id: Option<String>,
}

fn parse(fields: &Fields<'_>, channel: Channel) -> Result<(Chat, PhoneAct), ApiError> {
    fields.require("from");
    let from = fields.raw_text("from").map(|from| recipient(channel, from));
    if let Some(Err(problem)) = &from {
        fields.refuse("from", problem.clone());
    }
    fields.require("type");
    let text = |fields: &Fields<'_>| fields.text("text", TextRule::upto(4096)).map(str::to_owned);
    // What is of no use to the type must still be what it says it is.
    let button = fields.text("button_id", TextRule::upto(256)).map(str::to_owned);
    let message = fields.parsed("message_id", || Problem::Id { prefix: MessageId::PREFIX });
    let act = match fields.raw_text("type") {
        Some("text") => {
            fields.require("text");
            text(fields).map(PhoneAct::Text)
        }
        Some("button") => {
            fields.require("button_id");
            let text = text(fields);
            button.map(|id| PhoneAct::Button { text: text.unwrap_or_else(|| id.clone()), id, message })
        }
        Some(_) => {
            let allowed = vec!["text".to_owned(), "button".to_owned()];
            fields.refuse("type", Problem::Unknown { allowed });
            None
        }
        None => None,
    };
    fields.check()?;
    let from = from.and_then(Result::ok);
    from.zip(act).ok_or_else(|| ApiError::internal("a required field is missing and was not refused"))
}

/// Use a simulated person's phone
///
/// Of a sandbox device: the person writes, or presses a button, and it comes in as from any network, with its webhook.
#[utoipa::path(
    post,
    path = "/v1/devices/{id}/phone",
    tag = "devices",
    operation_id = "usePhone",
    params(("id" = String, Path, description = "The device's id.")),
    request_body = PhoneBody,
    responses((status = 200, description = "Done; it has come in.", body = Answer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn phone(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
    body: Body,
) -> Result<Answer<DeviceData>, ApiError> {
    let device = state.engine.device(&caller, &id).await?;
    let channel = device.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?.channel;
    let (from, act) = parse(&body.fields(), channel)?;
    state.engine.use_phone(&caller, &id, from, act).await.map_err(|error| match error {
        PhoneError::PeopleAreReal => ApiError::new(ErrorCode::PeopleAreReal),
        PhoneError::Device(error) => refused(error, Some(&id), ""),
    })?;
    let text = Text::new("Pesan masuk.", "It has come in.");
    Ok(Answer::new(language, text, show(&state, &caller, &id, language).await?))
}
