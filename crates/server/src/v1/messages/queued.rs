//! The answer to a send.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use cetar_engine::{
    accept::{AcceptError, AcceptedSend, IdempotencyKey, SendRequest},
    auth::Caller,
};
use cetar_model::{DeviceId, JobId, Language, MessageId, MessageState};
use serde::Serialize;
use utoipa::ToSchema;

use super::unfit;
use crate::{
    answer::Answer,
    context::Context,
    error::{ApiError, ErrorCode, Text},
    input::Problem,
    openapi::schema,
    state::AppState,
};

/// Accepted: it is on disk and will be sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queued {
    /// Always `queued`.
    #[schema(value_type = schema::MessageStatus)]
    status: MessageState,
    /// To ask about it: `GET /v1/jobs/{job_id}`.
    #[schema(value_type = String, example = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    job_id: JobId,
    /// The message; events carry it.
    #[schema(value_type = String, example = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    message_id: MessageId,
}

/// Accepts it, and answers.
pub(in crate::v1) async fn queue(
    state: &AppState,
    caller: &Caller,
    context: &Context,
    language: Language,
    request: SendRequest,
) -> Result<impl IntoResponse + use<>, ApiError> {
    queue_or(refused, state, caller, context, language, request).await
}

/// The same, with refusals in the words of who asks.
pub(super) async fn queue_or(
    refused: fn(AcceptError) -> ApiError,
    state: &AppState,
    caller: &Caller,
    context: &Context,
    language: Language,
    mut request: SendRequest,
) -> Result<impl IntoResponse + use<>, ApiError> {
    request.request_id = Some(context.request_id().to_owned());
    let accepted = state.engine.accept(caller, request).await.map_err(refused)?;
    Ok(answer(context, language, accepted))
}

/// The answer of an earlier, equal request; to be asked before what may have changed since is looked at.
pub(in crate::v1) async fn answered_before(
    state: &AppState,
    caller: &Caller,
    context: &Context,
    language: Language,
    asked: Option<&IdempotencyKey>,
) -> Result<Option<Response>, ApiError> {
    let Some(asked) = asked else { return Ok(None) };
    let accepted = state.engine.asked_before(caller, asked).await.map_err(refused)?;
    Ok(accepted.map(|accepted| answer(context, language, accepted).into_response()))
}

fn answer(context: &Context, language: Language, accepted: AcceptedSend) -> impl IntoResponse + use<> {
    let AcceptedSend { job, message, replayed } = accepted;
    context.note_job(&job);
    let mut headers = HeaderMap::new();
    if replayed {
        headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    let text = Text::new("Pesan masuk antrean.", "The message is queued.");
    let queued = Queued { status: MessageState::Queued, job_id: job, message_id: message };
    (headers, Answer::new(language, text, queued))
}

/// Why it was not accepted.
pub(in crate::v1) fn refused(error: AcceptError) -> ApiError {
    match error {
        AcceptError::PlanFeatureMissing(feature) => plan_lacks(feature),
        AcceptError::DeviceNotAllowed => ApiError::new(ErrorCode::DeviceNotAllowed),
        AcceptError::OtherChannel(channel) => ApiError::field("session_id", Problem::OtherChannel(channel)),
        AcceptError::NoDevice => ApiError::new(ErrorCode::NoDevice),
        AcceptError::SeveralDevices(devices) => {
            let allowed = devices.iter().map(DeviceId::to_string).collect();
            ApiError::new(ErrorCode::SessionIdRequired).at("session_id", Problem::Choose { allowed })
        }
        AcceptError::DeviceNotLinked(device) => not_linked(&device),
        AcceptError::Unfit(unfit) => ApiError::fields(unfit.iter().map(unfit::problem).collect()),
        AcceptError::NoSuchMessage => ApiError::field("reply_to", Problem::NoSuchMessage),
        AcceptError::NoSuchMedium(why) => ApiError::field("media_url", Problem::NoSuchMedium(why)),
        AcceptError::RecipientNotOptedIn(link) => not_opted_in(link.as_deref()),
        AcceptError::OutsideWindow => ApiError::new(ErrorCode::OutsideWindow),
        AcceptError::TemplateRefused { status, reason } => template_refused(&status, reason.as_deref()),
        AcceptError::IdempotencyKeyReused => ApiError::new(ErrorCode::IdempotencyKeyReused),
        AcceptError::State(error) => ApiError::internal(error),
        AcceptError::Store(error) => error.into(),
    }
}

/// The plan lacks this, by name.
pub(in crate::v1) fn plan_lacks(feature: &str) -> ApiError {
    ApiError::new(ErrorCode::PlanFeatureMissing).saying(Text::new(
        format!("Paket langganan Anda tidak mendukung fitur ini ({feature})."),
        format!("Your plan does not include this feature ({feature})."),
    ))
}

/// What Meta says of the template.
fn template_refused(status: &str, reason: Option<&str>) -> ApiError {
    let error = ApiError::new(ErrorCode::TemplateRefused);
    if status == cetar_model::NOT_FOUND {
        return error.saying(Text::new(
            "Meta tidak punya template dengan nama dan bahasa ini di akun WhatsApp Business device tersebut. Periksa template_name dan language; daftarnya ada di GET /v1/meta/templates.",
            "Meta has no template of this name and language in the device's WhatsApp Business account. Look at template_name and language; GET /v1/meta/templates lists them.",
        ));
    }
    let why = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    error.saying(Text::new(
        format!("Template ini belum atau tidak lagi disetujui Meta: {status}{why}. Lihat di WhatsApp Manager, atau pakai template lain yang APPROVED."),
        format!("Meta has not approved this template, or not any more: {status}{why}. Look at it in WhatsApp Manager, or use another one that is APPROVED."),
    ))
}

/// Where the person can allow it.
fn not_opted_in(link: Option<&str>) -> ApiError {
    let error = ApiError::new(ErrorCode::RecipientNotOptedIn);
    let Some(link) = link else { return error };
    error.saying(Text::new(
        format!("Pemilik nomor ini belum membagikan nomornya ke bot. Minta dia membuka {link}, menekan Start, lalu membagikan nomornya; setelah itu kirim ulang."),
        format!("The owner of this number has not shared it with the bot. Ask them to open {link}, press Start and share their number; then send again."),
    ))
}

/// Which device is not linked.
pub(in crate::v1) fn not_linked(device: &DeviceId) -> ApiError {
    ApiError::new(ErrorCode::DeviceNotLinked).saying(Text::new(
        format!("Device {device} belum ditautkan atau sudah keluar. Tautkan dengan QR atau kode, lalu kirim ulang."),
        format!("The device {device} is not linked, or is logged out. Link it by QR or code, then send again."),
    ))
}
