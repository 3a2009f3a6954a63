//! `POST /v1/messages`: accept a message. The 200 is a promise: it is on disk.

use axum::{extract::State, http::HeaderMap, response::IntoResponse};
use cetar_engine::accept::SendRequest;
use cetar_model::{Channel, Chat, ContentKind, MessageId, MessageTag};
use cetar_provider::Capabilities;
use utoipa::ToSchema;

use super::{
    content,
    envelope::{Envelope, Reach, channel, to},
    idempotency,
    queued::{Queued, queue},
    unfit,
};
use crate::{
    answer::Answer,
    auth::{Authorized, Messages},
    context::Context,
    error::ApiError,
    input::{Body, FieldProblem, Fields, Problem, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, DeviceNotAllowed, NoDevice, SessionIdRequired,
    DeviceNotLinked, RecipientNotOptedIn, OutsideWindow, IdempotencyKeyReused, OutcomeUnknown,
);

/// Types of this endpoint.
pub(crate) const TYPES: [ContentKind; 6] = [
    ContentKind::Text,
    ContentKind::Button,
    ContentKind::Image,
    ContentKind::Video,
    ContentKind::Document,
    ContentKind::Audio,
];

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
    /// What kind of message. What a device's channel can send: `GET /v1/devices/{id}/capabilities`.
    #[schema(value_type = schema::SendType, required = true)]
    r#type: String,
    /// To whom. WhatsApp: digits with the country code, no `+`, no leading `0`. Telegram: a chat id, an `@username` or the number of a
    /// contact. Messenger, Instagram: the id that webhooks give in `from`.
    #[schema(min_length = 1, max_length = 33, example = "6281234567890")]
    to: String,
    /// With `image`, `video`, `document`, `audio`: where the file is, http or https, on a public address. With `button`: a picture
    /// above the buttons. It is fetched when the message is sent; if it cannot be, the job fails and says why.
    #[schema(nullable, required = false, max_length = 2048, example = "https://contoh.com/promo.jpg")]
    media_url: Option<String>,
    /// What it says; only media need none.
    #[schema(nullable, required = false)]
    content: Option<SendContent>,
    /// Through which device. Left out: the only one of that channel that the key may use.
    #[schema(value_type = Option<schema::DeviceId>, required = false)]
    session_id: Option<String>,
    /// The message it answers: a `message_id` of the same device.
    #[schema(nullable, required = false, example = json!(null))]
    reply_to: Option<String>,
    /// `human_agent`: a person, and no program, answers. On Messenger and Instagram it allows seven days instead of 24 hours; Meta must
    /// have granted the app the feature, and forbids anything else under it.
    #[schema(value_type = Option<schema::MessageTag>, nullable, required = false, example = json!(null))]
    tag: Option<String>,
    /// Your own reference, up to 255 characters; it comes back in every event of this message.
    #[schema(min_length = 1, max_length = 255, pattern = "\\S", nullable, required = false)]
    client_ref: Option<String>,
    /// After this many seconds it is not sent any more: 1 to 604800 (7 days). Left out: 86400.
    #[schema(minimum = 1, maximum = 604_800, default = 86_400, nullable, required = false)]
    expires_in: Option<u32>,
}

/// The content of a message. Lengths are the channel's: `GET /v1/devices/{id}/capabilities`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by hand")]
pub(crate) struct SendContent {
    /// With `text` and `button`, which need it: the text, not blank, without U+0000. At most 65536 characters, and what the channel
    /// takes: one that is longer than that is refused with the figure.
    #[schema(
        min_length = 1,
        max_length = 65_536,
        pattern = "\\S",
        nullable,
        required = false,
        example = "Halo! Ini pesan teks dari Cetar API."
    )]
    text: Option<String>,
    /// With `button`: bold, above the text.
    #[schema(nullable, required = false)]
    title: Option<String>,
    /// With `button`: small and grey, below the text.
    #[schema(nullable, required = false)]
    footer: Option<String>,
    /// With `button`: one to three, of any kinds.
    #[schema(nullable, required = false, min_items = 1, max_items = 3)]
    buttons: Option<Vec<SendButton>>,
    /// With `button`: `text` sends numbered lines instead of buttons, which every phone shows.
    #[schema(nullable, required = false, example = json!(null))]
    fallback: Option<String>,
    /// On Telegram: how `text` or `caption` is marked up. Left out: not at all, whatever is in it. Markup that Telegram cannot read fails
    /// the job with `content_invalid`. What you put into marked-up text from elsewhere you must escape.
    #[schema(value_type = Option<schema::ParseMode>, required = false, example = json!(null))]
    parse_mode: Option<String>,
    /// With media: the text below it.
    #[schema(nullable, required = false)]
    caption: Option<String>,
    /// With `document`: the name it is shown under. Left out: the name in the address.
    #[schema(nullable, required = false, max_length = 255, example = "harga.pdf")]
    filename: Option<String>,
    /// With `audio`: send it as a voice note.
    #[schema(nullable, required = false, default = false)]
    voice: Option<bool>,
}

/// A button.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by hand")]
#[schema(as = Button)]
pub(crate) struct SendButton {
    /// `quick_reply` (left out), `cta_url` or `cta_copy`.
    #[schema(value_type = Option<schema::ButtonType>, default = "quick_reply", required = false)]
    r#type: Option<String>,
    /// What stands on it.
    #[schema(example = "Ya, Ambil!")]
    text: String,
    /// With `quick_reply`, which needs it: comes back as `button_id` when it is pressed.
    #[schema(nullable, required = false, example = "AMBIL_PROMO")]
    id: Option<String>,
    /// With `cta_url`, which needs it: the page it opens.
    #[schema(nullable, required = false, example = "https://www.cetar.ai")]
    url: Option<String>,
    /// With `cta_copy`, which needs it: what is copied.
    #[schema(nullable, required = false, example = "PROMO50")]
    copy_code: Option<String>,
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
    let request = read(&headers, &body, &Reach::of(&state, &caller))?;
    queue(&state, &caller, &context, language, request).await
}

fn read(headers: &HeaderMap, body: &Body, reach: &Reach) -> Result<SendRequest, ApiError> {
    let fields = body.fields();
    let idempotency = idempotency::key(headers, body, &fields, "POST /v1/messages");
    let request = Some(body.as_sent("/v1/messages"));
    Ok(SendRequest { idempotency, request, ..parse(&fields, reach, Place::Asked)? })
}

/// Who says where a message goes.
pub(crate) enum Place {
    /// Its body.
    Asked,
    /// What it answers.
    Settled(Channel, Chat),
}

pub(crate) fn parse(fields: &Fields<'_>, reach: &Reach, place: Place) -> Result<SendRequest, ApiError> {
    let channel = match place {
        Place::Asked => channel(fields, reach),
        Place::Settled(channel, _) => Some(channel),
    };
    let kind = kind(fields);
    let of_buttons = matches!(kind, Kind::Known(ContentKind::Button));
    let to = match place {
        Place::Asked => to(fields, channel),
        Place::Settled(_, chat) => Some(chat),
    };
    let content = match kind {
        Kind::Known(kind) => content::read(fields, kind),
        Kind::Missing => content::read(fields, ContentKind::Text),
        // Of a type we do not send, nothing more can be said than that it must be an object.
        Kind::Refused => content::read(fields, ContentKind::Unsupported),
    };
    let network = channel.and_then(|channel| reach.capabilities(channel));
    if let (Some(content), Some(network)) = (&content, network) {
        for unfit in network.unfit(content) {
            let problem = unfit::problem(&unfit);
            // Buttons that go out as text below their picture have no caption: it is their text, with all that stands around it.
            let field = match problem.field.as_str() {
                "content.caption" if of_buttons => "content.text".to_owned(),
                _ => problem.field,
            };
            fields.add(FieldProblem { field, ..problem });
        }
    }
    let reply_to = fields.parsed("reply_to", || Problem::Id { prefix: MessageId::PREFIX });
    let tag = tag(fields, network);
    let Envelope { device, client_ref, expires_in } = Envelope::read(fields);
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
        reply_to,
        tag,
        client_ref,
        expires_in,
        request_id: None,
        request: None,
        idempotency: None,
    })
}

/// What is claimed of the message, where its channel knows it.
fn tag(fields: &Fields<'_>, network: Option<&Capabilities>) -> Option<MessageTag> {
    let tag = fields.parsed("tag", || Problem::Unknown { allowed: words(MessageTag::ALL) })?;
    if network.is_some_and(|network| network.human_agent.is_none()) {
        let allowed = words(&[Channel::Messenger, Channel::Instagram]);
        fields.refuse("tag", Problem::NotOnChannel { allowed });
    }
    Some(tag)
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
                _ => Problem::Unknown { allowed },
            },
        );
        return Kind::Refused;
    };
    Kind::Known(kind)
}

#[cfg(test)]
mod tests {
    use cetar_model::{Channel, Language};
    use cetar_provider::{Provider as _, testkit::ScriptedProvider};
    use serde_json::{Value, json};

    use super::*;

    fn reach() -> Reach {
        let network = || ScriptedProvider::new(true).capabilities().clone();
        Reach::to(vec![(Channel::Whatsapp, network()), (Channel::Telegram, network())])
    }

    /// The bad fields of a body as `field: code`, in the order listed.
    fn problems(body: &Value) -> Vec<String> {
        let fields = Fields::of(body.as_object().expect("an object"));
        let Err(error) = parse(&fields, &reach(), Place::Asked) else { return Vec::new() };
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
        assert_eq!(text("whatsapp", "6281234567890", "é".repeat(4096)), [""; 0]);
        assert_eq!(text("whatsapp", "6281234567890", "é".repeat(4097)), ["content.text: too_long"]);
        assert_eq!(text("telegram", "@budi", "x".repeat(4097)), ["content.text: too_long"]);
        assert_eq!(text("whatsapp", "6281234567890", " \n\t".into()), ["content.text: empty"]);
        assert_eq!(text("whatsapp", "6281234567890", "a\0b".into()), ["content.text: nul_character"]);
    }

    #[test]
    fn a_picture_with_buttons_as_text_is_told_of_its_text_which_it_has() {
        let buttons = |text: String| {
            json!({
                "type": "button", "to": "6281234567890", "media_url": "https://contoh.com/a.jpg",
                "content": {"text": text, "buttons": [{"id": "A", "text": "Ya"}], "fallback": "text"},
            })
        };
        assert_eq!(problems(&buttons("Mau?".into())), [""; 0]);
        assert_eq!(problems(&buttons("x".repeat(1020))), ["content.text: too_long"]);
    }

    #[test]
    fn a_folder_is_no_files_name() {
        for (name, expected) in
            [("harga.pdf", Some("harga.pdf")), ("a/b.pdf", Some("b.pdf")), ("/", None), ("a\\", None)]
        {
            let body = json!({
                "type": "document", "to": "6281234567890", "media_url": "https://contoh.com/a.pdf",
                "content": {"filename": name},
            });
            let fields = Fields::of(body.as_object().expect("an object"));
            let content = parse(&fields, &reach(), Place::Asked).expect("a document").content;
            assert_eq!(content.media().expect("a medium").file_name.as_deref(), expected, "{name}");
        }
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
