//! `POST /v1/typing`: show somebody that an answer is being written. At once, not queued.

use axum::extract::State;
use cetar_engine::typing::TypingError;
use cetar_model::{Channel, Chat, DeviceId, FailureCode, Language};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::{Authorized, Messages},
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Problem},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
    v1::messages::{
        envelope::{Reach, channel, to},
        queued,
    },
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, DeviceNotAllowed, NoDevice, SessionIdRequired,
    DeviceNotLinked, RecipientNotOptedIn, NetworkUnavailable,
);

/// To whom to show it.
#[derive(ToSchema)]
#[schema(as = ShowTyping, example = json!({"channel": "telegram", "to": "123456789"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct TypingBody {
    /// Left out: `whatsapp`.
    #[schema(value_type = Option<schema::SendChannel>, default = "whatsapp", required = false)]
    channel: Option<String>,
    /// To whom, as in `POST /v1/messages`.
    #[schema(min_length = 1, max_length = 33, example = "123456789")]
    to: String,
    /// Through which device. Left out: the only one of that channel that the key may use.
    #[schema(value_type = Option<schema::DeviceId>, required = false)]
    session_id: Option<String>,
}

/// Whether it is shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct TypingData {
    /// It is, for a few seconds or until a message comes.
    shown: bool,
    /// Why not.
    #[schema(required)]
    error: Option<TypingRefusal>,
}

/// Why the network does not show it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TypingRefusal {
    /// The code, as of a message that fails.
    #[schema(value_type = schema::FailureCode)]
    code: FailureCode,
    /// The same in words.
    message: &'static str,
}

/// Show that an answer is being written
///
/// For as long as the network shows it, a few seconds or until a message comes; ask again while it takes longer. Shown at once or not at
/// all: nothing is queued. Channels that can: `GET /v1/devices/{id}/capabilities`.
#[utoipa::path(
    post,
    path = "/v1/typing",
    tag = "messages",
    operation_id = "showTyping",
    request_body = TypingBody,
    responses((status = 200, description = "The network was asked.", body = Answer<TypingData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<TypingData>, ApiError> {
    let (channel, to, device) = parse(&body.fields(), &Reach::of(&state, &caller))?;
    match state.engine.show_typing(&caller, channel, device.as_ref(), &to).await {
        Ok(()) => {
            let text = Text::new("Tanda mengetik ditampilkan.", "It is shown.");
            Ok(Answer::new(language, text, TypingData { shown: true, error: None }))
        }
        Err(TypingError::Refused(code)) => Ok(not_shown(language, code)),
        Err(error) => Err(refused(error)),
    }
}

fn not_shown(language: Language, code: FailureCode) -> Answer<TypingData> {
    let text = Text::new("Tanda mengetik tidak ditampilkan; lihat error.", "It is not shown; see error.");
    let error = TypingRefusal { code, message: code.message(language) };
    Answer::new(language, text, TypingData { shown: false, error: Some(error) })
}

fn refused(error: TypingError) -> ApiError {
    match error {
        TypingError::Device(error) => queued::refused(error),
        TypingError::NotOnChannel => {
            ApiError::field("channel", Problem::NotOnChannel { allowed: vec![Channel::Telegram.to_string()] })
        }
        TypingError::Refused(_) | TypingError::Down(_) | TypingError::NoAnswer(_) => {
            ApiError::new(ErrorCode::NetworkUnavailable).because(error)
        }
    }
}

fn parse(fields: &Fields<'_>, reach: &Reach) -> Result<(Channel, Chat, Option<DeviceId>), ApiError> {
    let channel = channel(fields, reach);
    let to = to(fields, channel);
    let device = fields.device("session_id");
    let (channel, to) = fields.complete(channel.zip(to))?;
    Ok((channel, to, device))
}
