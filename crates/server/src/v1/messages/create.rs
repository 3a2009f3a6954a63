//! `POST /v1/messages`: accept a message. The 200 is a promise: it is on disk.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::IntoResponse,
};
use cetar_engine::{
    accept::{AcceptError, AcceptedSend, IdempotencyKey, SendRequest},
    auth::Caller,
};
use cetar_model::{Channel, Content, ContentKind, DeviceId, JobId, MessageId, MessageState};
use serde::Serialize;
use utoipa::ToSchema;

use super::idempotency;
use crate::{
    answer::Answer,
    auth::{Authorized, Messages},
    context::Context,
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Problem, TextRule, recipient, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, DeviceNotAllowed, NoDevice, SessionIdRequired,
    DeviceNotLinked, IdempotencyKeyReused,
);

fn refused(error: AcceptError) -> ApiError {
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
        AcceptError::ContentNotSupported(kind) => {
            let allowed = TYPES.iter().filter(|have| **have != kind).map(ToString::to_string).collect();
            ApiError::field("type", Problem::NotAvailable { allowed })
        }
        AcceptError::TextTooLong { max } => ApiError::field("content.text", Problem::TooLong { max }),
        AcceptError::IdempotencyKeyReused => ApiError::new(ErrorCode::IdempotencyKeyReused),
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

/// Which device is not linked.
pub(in crate::v1) fn not_linked(device: &DeviceId) -> ApiError {
    ApiError::new(ErrorCode::DeviceNotLinked).saying(Text::new(
        format!("Device {device} belum ditautkan atau sudah keluar. Tautkan dengan QR atau kode, lalu kirim ulang."),
        format!("The device {device} is not linked, or is logged out. Link it by QR or code, then send again."),
    ))
}

/// Channels of this endpoint; the official WhatsApp has its own.
const CHANNELS: [Channel; 4] = [Channel::Whatsapp, Channel::Telegram, Channel::Messenger, Channel::Instagram];
/// Types this version sends.
const TYPES: [ContentKind; 1] = [ContentKind::Text];
/// Types of the contract that later versions send.
const LATER_TYPES: [&str; 5] = ["button", "image", "video", "document", "audio"];
/// No network takes more; each has its own limit below this.
const LONGEST_TEXT: usize = 65_536;
/// Longest life of a message that waits.
const LONGEST_WAIT: Duration = Duration::from_hours(7 * 24);

/// A message to send.
#[derive(ToSchema)]
#[schema(as = SendMessage, example = json!({
    "channel": "whatsapp", "type": "text", "to": "6281234567890", "content": {"text": "Halo! Ini pesan teks dari Cetar API."},
}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct SendBody {
    /// Left out: `whatsapp`.
    #[schema(value_type = Option<schema::SendChannel>, default = "whatsapp", required = false)]
    channel: Option<String>,
    /// What kind of message. This version sends `text`.
    #[schema(value_type = schema::SendType, required = true)]
    r#type: String,
    /// To whom. WhatsApp: digits with the country code, no `+`, no leading `0`. Telegram: a chat id, an `@username` or the number of a
    /// contact. Messenger, Instagram: the id that webhooks give in `from`.
    #[schema(min_length = 1, max_length = 33, example = "6281234567890")]
    to: String,
    /// What it says.
    content: SendContent,
    /// Through which device. Left out: the only one of that channel that the key may use.
    #[schema(value_type = Option<schema::DeviceId>, required = false)]
    session_id: Option<String>,
    /// Your own reference, up to 255 characters; it comes back in every event of this message.
    #[schema(min_length = 1, max_length = 255, pattern = "\\S", nullable, required = false)]
    client_ref: Option<String>,
    /// After this many seconds it is not sent any more: 1 to 604800 (7 days). Left out: 86400.
    #[schema(minimum = 1, maximum = 604_800, default = 86_400, nullable, required = false)]
    expires_in: Option<u32>,
}

/// The content of a message.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by hand")]
pub(crate) struct SendContent {
    /// With `type: text`: the text, not blank, without U+0000. At most 65536 characters, and what the channel takes: one that is
    /// longer than that is refused with the figure.
    #[schema(
        min_length = 1,
        max_length = 65_536,
        pattern = "\\S",
        example = "Halo! Ini pesan teks dari Cetar API."
    )]
    text: String,
}

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

/// Send a message
///
/// Sends through a linked device. The 200 means that the message is on disk: it will be sent, or its job says why not.
/// With an `Idempotency-Key`, the same request within 24 hours answers the same job and never sends twice.
#[utoipa::path(
    post,
    path = "/v1/messages",
    tag = "messages",
    operation_id = "sendMessage",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 printable characters, quoted or not. Its scope is the API key and this path.",
    )),
    request_body = SendBody,
    responses(
        (status = 200, description = "Accepted: on disk, and on its way.", body = Answer<Queued>, headers(
            ("Idempotent-Replayed" = Option<String>, description = "`true` where this is the answer of an earlier, equal request."),
        )),
        Refusals,
    ),
    security(("apiKey" = [])),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    context: Context,
    Spoken(language): Spoken,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, ApiError> {
    let mut request = read(&headers, &body, &Reach::of(&state, &caller))?;
    request.request_id = Some(context.request_id().to_owned());
    let AcceptedSend { job, message, replayed } =
        state.engine.accept(&caller, request).await.map_err(refused)?;
    context.note_job(&job);
    let mut headers = HeaderMap::new();
    if replayed {
        headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    let text = Text::new("Pesan masuk antrean.", "The message is queued.");
    let queued = Queued { status: MessageState::Queued, job_id: job, message_id: message };
    Ok((headers, Answer::new(language, text, queued)))
}

/// What this caller's key can reach, so that a channel we cannot serve is listed with the other bad fields.
pub(crate) struct Reach {
    channels: Vec<(Channel, usize)>,
}

impl Reach {
    /// Every channel of this endpoint, each with this longest text.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn everything(text_max: usize) -> Self {
        Self { channels: CHANNELS.iter().map(|channel| (*channel, text_max)).collect() }
    }

    fn of(state: &AppState, caller: &Caller) -> Self {
        let providers = state.engine.providers();
        let test = caller.key.as_ref().is_none_or(|key| key.test);
        let live = caller.key.as_ref().is_none_or(|key| !key.test);
        let longest = |channel: &Channel| {
            let real = providers.real.get(channel).filter(|_| live);
            let sandbox = providers.sandbox.get(channel).filter(|_| test);
            Some((*channel, real.or(sandbox)?.capabilities().text_max))
        };
        Self { channels: CHANNELS.iter().filter_map(longest).collect() }
    }

    fn text_max(&self, channel: Channel) -> Option<usize> {
        self.channels.iter().find(|(have, _)| *have == channel).map(|(_, max)| *max)
    }
}

fn read(headers: &HeaderMap, body: &Body, reach: &Reach) -> Result<SendRequest, ApiError> {
    let fields = body.fields();
    let key = idempotency::read(headers).unwrap_or_else(|problem| {
        fields.refuse(idempotency::HEADER, problem);
        None
    });
    let path = "POST /v1/messages";
    let idempotency = key.map(|key| IdempotencyKey { key, path, fingerprint: body.fingerprint() });
    Ok(SendRequest { idempotency, ..parse(&fields, reach)? })
}

pub(crate) fn parse(fields: &Fields<'_>, reach: &Reach) -> Result<SendRequest, ApiError> {
    let channel = channel(fields, reach);
    let kind = kind(fields);
    let to = to(fields, channel);
    let text_max = channel.and_then(|channel| reach.text_max(channel)).unwrap_or(LONGEST_TEXT);
    let content = match kind {
        Kind::Known(ContentKind::Text) | Kind::Missing => text(fields, text_max),
        // Of a type we do not send, nothing more can be said than that it must be an object.
        Kind::Known(ContentKind::Unsupported) | Kind::Refused => {
            fields.object("content");
            None
        }
    };
    let device = fields.device("session_id");
    let client_ref = fields.text("client_ref", TextRule::upto(255)).map(ToOwned::to_owned);
    let expires_in = fields.seconds("expires_in", Duration::from_secs(1), LONGEST_WAIT);
    fields.check()?;
    // Nothing was refused, so what is required is there.
    let (Some(channel), Some(to), Some(content)) = (channel, to, content) else {
        return Err(ApiError::internal("a required field is missing and was not refused"));
    };
    Ok(SendRequest {
        channel,
        to,
        content,
        device,
        client_ref,
        expires_in,
        request_id: None,
        idempotency: None,
    })
}

fn channel(fields: &Fields<'_>, reach: &Reach) -> Option<Channel> {
    if !fields.has("channel") {
        return Some(Channel::Whatsapp).inspect(|channel| check_reach(fields, reach, *channel));
    }
    let channel = fields.parsed("channel", || Problem::Unknown { allowed: words(&CHANNELS) })?;
    check_reach(fields, reach, channel);
    Some(channel)
}

fn check_reach(fields: &Fields<'_>, reach: &Reach, channel: Channel) {
    if reach.text_max(channel).is_none() {
        let have: Vec<Channel> = reach.channels.iter().map(|(channel, _)| *channel).collect();
        fields.refuse("channel", Problem::NotAvailable { allowed: words(&have) });
    }
}

enum Kind {
    Known(ContentKind),
    Missing,
    Refused,
}

fn kind(fields: &Fields<'_>) -> Kind {
    if !fields.has("type") {
        fields.refuse("type", Problem::Required);
        return Kind::Missing;
    }
    let Some(word) = fields.raw_text("type") else { return Kind::Refused };
    let known = TYPES.into_iter().find(|kind| kind.as_str() == word);
    let Some(kind) = known else {
        let allowed = words(&TYPES);
        fields.refuse(
            "type",
            match word {
                "" => Problem::Empty,
                _ if LATER_TYPES.contains(&word) => Problem::NotAvailable { allowed },
                _ => Problem::Unknown { allowed },
            },
        );
        return Kind::Refused;
    };
    Kind::Known(kind)
}

fn to(fields: &Fields<'_>, channel: Option<Channel>) -> Option<cetar_model::Chat> {
    fields.require("to");
    let to = fields.raw_text("to")?;
    // With a channel we do not know, what the document says of `to` is the best guess: a number.
    match recipient(channel.unwrap_or(Channel::Whatsapp), to) {
        Ok(chat) => Some(chat),
        Err(problem) => {
            fields.refuse("to", problem);
            None
        }
    }
}

fn text(fields: &Fields<'_>, max: usize) -> Option<Content> {
    let content = fields.object("content");
    if !fields.has("content") {
        fields.refuse("content.text", Problem::Required);
    } else if content.exists() {
        content.require("text");
    }
    let text = content.text("text", TextRule::upto(max))?;
    Some(Content::Text { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use cetar_model::Language;
    use serde_json::{Value, json};

    use super::*;

    fn reach() -> Reach {
        Reach { channels: vec![(Channel::Whatsapp, 100), (Channel::Telegram, 10)] }
    }

    /// The bad fields of a body as `field: code`, in the order listed.
    fn problems(body: &Value) -> Vec<String> {
        let fields = Fields::of(body.as_object().expect("an object"));
        let Err(error) = parse(&fields, &reach()) else { return Vec::new() };
        let answer = error.write(&mut HeaderMap::new(), Language::English, "");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let fields = answer["error"]["fields"].as_array().expect("fields");
        fields.iter().map(|field| format!("{}: {}", field["field"], field["code"]).replace('"', "")).collect()
    }

    fn with(change: impl Fn(&mut Value)) -> Value {
        let mut body = json!({"channel": "whatsapp", "type": "text", "to": "6281234567890", "content": {"text": "Halo"}});
        change(&mut body);
        body
    }

    #[test]
    fn what_the_document_shows_is_taken_and_what_it_does_not_know_is_ignored() {
        assert_eq!(problems(&with(|_| {})), [""; 0]);
        assert_eq!(problems(&with(|body| body["channel"] = Value::Null)), [""; 0]);
        assert_eq!(
            problems(&with(|body| {
                body["session_id"] = Value::Null;
                body["expires_in"] = json!(60.0);
                body["client_ref"] = json!("order-17");
                body["priority"] = json!({"high": true});
                body["content"]["markdown"] = json!(false);
            })),
            [""; 0]
        );
    }

    #[test]
    fn an_empty_object_is_told_everything_it_lacks() {
        assert_eq!(problems(&json!({})), ["type: required", "to: required", "content.text: required"]);
        assert_eq!(
            problems(&json!({"type": null, "to": null, "content": null})),
            ["type: required", "to: required", "content.text: required"]
        );
        assert_eq!(problems(&with(|body| body["content"] = json!({}))), ["content.text: required"]);
    }

    #[test]
    fn every_wrong_type_is_listed() {
        let body = json!({
            "channel": 1, "type": ["text"], "to": 6_281_234_567_890_u64, "content": "Halo", "session_id": {}, "client_ref": 7,
            "expires_in": "60",
        });
        assert_eq!(
            problems(&body),
            [
                "channel: wrong_type",
                "type: wrong_type",
                "to: wrong_type",
                "content: wrong_type",
                "session_id: wrong_type",
                "client_ref: wrong_type",
                "expires_in: wrong_type",
            ]
        );
        assert_eq!(
            problems(&with(|body| body["content"] = json!({"text": 5}))),
            ["content.text: wrong_type"]
        );
        assert_eq!(problems(&with(|body| body["content"] = json!([]))), ["content: wrong_type"]);
    }

    #[test]
    fn every_wrong_form_of_a_number_has_its_own_code() {
        for (to, expected) in [
            ("", "to: empty"),
            ("+6281234567890", "to: plus_sign"),
            ("081234567890", "to: leading_zero"),
            ("62 812 3456 7890", "to: not_digits"),
            ("62-812-34567890", "to: not_digits"),
            (" 6281234567890", "to: not_digits"),
            ("budi", "to: not_digits"),
            ("62812345٦٧", "to: not_digits"),
            ("628123", "to: wrong_length"),
            ("6281234567890123", "to: wrong_length"),
        ] {
            assert_eq!(problems(&with(|body| body["to"] = json!(to))), [expected], "{to}");
        }
    }

    #[test]
    fn words_nobody_knows_are_told_apart_from_words_of_later_versions() {
        for (field, word, expected) in [
            ("channel", "sms", "channel: unknown_value"),
            ("channel", "WhatsApp", "channel: unknown_value"),
            ("channel", "", "channel: empty"),
            ("channel", "messenger", "channel: not_available"),
            ("channel", "whatsapp-official", "channel: not_available"),
            ("type", "sticker", "type: unknown_value"),
            ("type", "unsupported", "type: unknown_value"),
            ("type", "", "type: empty"),
            ("type", "image", "type: not_available"),
            ("type", "button", "type: not_available"),
        ] {
            assert_eq!(problems(&with(|body| body[field] = json!(word))), [expected], "{word}");
        }
    }

    #[test]
    fn a_bad_number_is_listed_beside_a_bad_channel() {
        let body = with(|body| {
            body["channel"] = json!("sms");
            body["to"] = json!("081234567890");
        });
        assert_eq!(problems(&body), ["channel: unknown_value", "to: leading_zero"]);
    }

    #[test]
    fn texts_have_bounds_and_the_bound_of_a_text_is_its_channels() {
        let text = |channel: &str, to: &str, text: String| {
            problems(&json!({"channel": channel, "type": "text", "to": to, "content": {"text": text}}))
        };
        assert_eq!(text("whatsapp", "6281234567890", "é".repeat(100)), [""; 0]);
        assert_eq!(text("whatsapp", "6281234567890", "é".repeat(101)), ["content.text: too_long"]);
        assert_eq!(text("telegram", "@budi", "x".repeat(11)), ["content.text: too_long"]);
        assert_eq!(text("whatsapp", "6281234567890", " \n\t".into()), ["content.text: empty"]);
        assert_eq!(text("whatsapp", "6281234567890", "a\0b".into()), ["content.text: nul_character"]);
    }

    #[test]
    fn optional_fields_have_bounds_too() {
        for (field, value, expected) in [
            ("session_id", json!("SESSION_12345"), "session_id: invalid_id"),
            ("session_id", json!(""), "session_id: empty"),
            ("client_ref", json!(""), "client_ref: empty"),
            ("client_ref", json!("x".repeat(256)), "client_ref: too_long"),
            ("expires_in", json!(0), "expires_in: out_of_range"),
            ("expires_in", json!(-1), "expires_in: out_of_range"),
            ("expires_in", json!(604_801), "expires_in: out_of_range"),
            ("expires_in", json!(1.5), "expires_in: wrong_type"),
            ("expires_in", json!(1e300), "expires_in: out_of_range"),
        ] {
            assert_eq!(problems(&with(|body| body[field] = value.clone())), [expected], "{field} {value}");
        }
    }
}
