//! `POST /v1/check-number`: is this number registered? Answers at once.

use axum::extract::State;
use cetar_engine::check::NumberCheckError;
use cetar_model::{Channel, DeviceId, PhoneNumber};
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
        envelope::{Reach, channel},
        queued,
    },
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, DeviceNotAllowed, NoDevice, SessionIdRequired,
    DeviceNotLinked, CheckLimited, NetworkUnavailable,
);

fn refused(error: NumberCheckError) -> ApiError {
    match error {
        NumberCheckError::Device(error) => queued::refused(error),
        NumberCheckError::NotOnChannel => {
            ApiError::field("channel", Problem::NotOnChannel { allowed: vec![Channel::Whatsapp.to_string()] })
        }
        NumberCheckError::OverBudget { retry_after } => {
            ApiError::new(ErrorCode::CheckLimited).retry_after(retry_after)
        }
        NumberCheckError::Down(_) | NumberCheckError::NoAnswer(_) => {
            ApiError::new(ErrorCode::NetworkUnavailable).because(error)
        }
        NumberCheckError::Uncounted(_) => ApiError::new(ErrorCode::Unavailable).because(error),
    }
}

/// A number to check.
#[derive(ToSchema)]
#[schema(as = CheckNumber, example = json!({"channel": "whatsapp", "phone": "6281234567890"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct CheckBody {
    /// Left out: `whatsapp`.
    #[schema(value_type = Option<schema::SendChannel>, default = "whatsapp", required = false)]
    channel: Option<String>,
    /// The number: digits with the country code, no `+`, no leading `0`.
    #[schema(pattern = "^[1-9][0-9]{6,14}$", example = "6281234567890")]
    phone: String,
    /// Through which device. Left out: the only one of that channel that the key may use.
    #[schema(value_type = Option<schema::DeviceId>, required = false)]
    session_id: Option<String>,
}

/// Whether a number is registered.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckedNumber {
    /// The number, as asked.
    #[schema(value_type = String, example = "6281234567890")]
    phone: PhoneNumber,
    /// Its address on the network, which may carry another form of the number, or is the chat's id; `null` where it is not registered.
    #[schema(required, example = "6281234567890@s.whatsapp.net")]
    jid: Option<String>,
    /// It has an account.
    is_registered: bool,
}

/// Check a number
///
/// Asks WhatsApp whether a number has an account; on Telegram, whether its owner shared it with the bot. Each device has a budget for such questions, so that they cannot get its account
/// restricted; an answer is remembered for up to ten minutes and costs nothing again.
#[utoipa::path(
    post,
    path = "/v1/check-number",
    tag = "messages",
    operation_id = "checkNumber",
    request_body = CheckBody,
    responses((status = 200, description = "The answer.", body = Answer<CheckedNumber>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn check(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<CheckedNumber>, ApiError> {
    let (channel, phone, device) = parse(&body.fields(), &Reach::of(&state, &caller))?;
    let checked =
        state.engine.check_number(&caller, channel, device.as_ref(), &phone).await.map_err(refused)?;
    let text = match (channel, checked.is_registered) {
        // A bot cannot look a number up: it knows those that were shared with it.
        (Channel::Telegram, true) => {
            Text::new("Nomor ini sudah dibagikan ke bot.", "The number was shared with the bot.")
        }
        (Channel::Telegram, false) => {
            Text::new("Nomor ini belum dibagikan ke bot.", "The number was not shared with the bot.")
        }
        (_, true) => Text::new("Nomor terdaftar di WhatsApp.", "The number is registered on WhatsApp."),
        (_, false) => {
            Text::new("Nomor tidak terdaftar di WhatsApp.", "The number is not registered on WhatsApp.")
        }
    };
    let data = CheckedNumber { phone, jid: checked.jid, is_registered: checked.is_registered };
    Ok(Answer::new(language, text, data))
}

pub(crate) fn parse(
    fields: &Fields<'_>,
    reach: &Reach,
) -> Result<(Channel, PhoneNumber, Option<DeviceId>), ApiError> {
    let channel = channel(fields, reach);
    fields.require("phone");
    let phone = fields.raw_text("phone").and_then(|text| match PhoneNumber::parse(text) {
        Ok(phone) => Some(phone),
        Err(problem) => {
            fields.refuse("phone", Problem::Number(problem));
            None
        }
    });
    let device = fields.device("session_id");
    let (channel, phone) = fields.complete(channel.zip(phone))?;
    Ok((channel, phone, device))
}
