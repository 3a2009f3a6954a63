//! `POST /v1/meta/messages`: accept a message for the official WhatsApp.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use cetar_engine::{accept::SendRequest, auth::Caller};
use cetar_model::{Channel, Chat, MessageId};
use cetar_provider::{Capabilities, Part, Unfit};
use utoipa::ToSchema;

use super::content;
use crate::{
    answer::Answer,
    auth::{Authorized, Messages},
    context::Context,
    error::ApiError,
    input::{Body, FieldProblem, Fields, Problem, TextRule, recipient, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
    v1::messages::{
        envelope::Envelope,
        idempotency,
        queued::{Queued, answered_before, queue},
        unfit,
    },
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, DeviceNotAllowed, NoDevice, SessionIdRequired,
    DeviceNotLinked, OutsideWindow, TemplateRefused, IdempotencyKeyReused, OutcomeUnknown,
);

/// A message to send through the official WhatsApp.
#[derive(ToSchema)]
#[schema(as = SendOfficialMessage, example = json!({
    "to": "6281234567890", "type": "text", "text": "Halo! Ini balasan cepat via WhatsApp Official API.",
}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct OfficialBody {
    /// Digits with the country code, no `+`, no leading `0`; or a business-scoped user id (`ID.1349…`).
    #[schema(min_length = 1, max_length = 131, example = "6281234567890")]
    to: String,
    /// What kind of message. All but `template` and `read` are allowed only within 24 hours of the recipient's last message.
    #[schema(value_type = schema::OfficialType, required = true)]
    r#type: String,
    /// With `text`, which needs it: the text. With media: the caption; with `audio` it follows as a second message.
    #[schema(
        min_length = 1,
        max_length = 4096,
        pattern = "\\S",
        nullable,
        required = false,
        example = "Halo!"
    )]
    text: Option<String>,
    /// With `image`, `video`, `document`, `audio`, `sticker`, which need it: where the file is, http or https, on a public address.
    #[schema(nullable, required = false, max_length = 2048, example = "https://contoh.com/promo.jpg")]
    media_url: Option<String>,
    /// With `document`: the name it is shown under.
    #[schema(nullable, required = false, max_length = 255, example = "harga.pdf")]
    filename: Option<String>,
    /// With `audio`: a voice note (Ogg with Opus).
    #[schema(nullable, required = false, default = false)]
    voice: Option<bool>,
    /// With `template`, which needs it: its name in Meta's manager.
    #[schema(nullable, required = false, min_length = 1, max_length = 512, example = "hello_world")]
    template_name: Option<String>,
    /// With `template`, which needs it: its language.
    #[schema(nullable, required = false, min_length = 2, max_length = 20, example = "id")]
    language: Option<String>,
    /// With `template`: `{"header_image" | "header_video" | "header_document": url, "header_text", "body_variables": […] or {name: value},
    /// "button_variables": [{"index", "type": "url" | "quick_reply" | "copy_code", "value"}]}`, or Meta's own array of components, passed on.
    #[schema(value_type = Option<Object>, nullable, required = false)]
    components: Option<serde_json::Value>,
    /// With `interactive`, which needs it: Meta's `interactive` object. It goes to Meta as the same JSON text.
    #[schema(value_type = Option<Object>, nullable, required = false)]
    content: Option<serde_json::Value>,
    /// With `location`: `{"latitude", "longitude", "name"?, "address"?}`.
    #[schema(value_type = Option<Object>, nullable, required = false)]
    location: Option<serde_json::Value>,
    /// With `contacts`: `[{"name", "phones": […]}]`.
    #[schema(value_type = Option<Vec<Object>>, nullable, required = false)]
    contacts: Option<Vec<serde_json::Value>>,
    /// With `reaction` and `read`, which need it: the message it is about, by our `message_id` or by Meta's `wamid`.
    #[schema(nullable, required = false, max_length = 512)]
    message_id: Option<String>,
    /// With `reaction`: the emoji; empty or left out takes it back.
    #[schema(nullable, required = false, max_length = 32)]
    emoji: Option<String>,
    /// With `read`: also show that an answer is being typed.
    #[schema(nullable, required = false, default = false)]
    typing: Option<bool>,
    /// The message it answers: a `message_id` of the same device.
    #[schema(nullable, required = false, example = json!(null))]
    reply_to: Option<String>,
    /// Through which device. Left out: the only one that the key may use.
    #[schema(value_type = Option<schema::DeviceId>, required = false)]
    session_id: Option<String>,
    /// The same by Meta's id of the number.
    #[schema(nullable, required = false, example = json!(null))]
    phone_number_id: Option<String>,
    /// Your own reference, up to 255 characters; it comes back in every event of this message.
    #[schema(min_length = 1, max_length = 255, pattern = "\\S", nullable, required = false)]
    client_ref: Option<String>,
    /// After this many seconds it is not sent any more: 1 to 604800 (7 days). Left out: 86400.
    #[schema(minimum = 1, maximum = 604_800, default = 86_400, nullable, required = false)]
    expires_in: Option<u32>,
}

/// Send a message through the official WhatsApp
///
/// Queued, then sent through Meta's Cloud API. Free-form types are allowed within 24 hours of the recipient's last message; where that is
/// known to be over, the answer is `outside_24h_window`, and where it is not known, Meta decides and the job says so.
#[utoipa::path(
    post,
    path = "/v1/meta/messages",
    tag = "messages",
    operation_id = "sendOfficialMessage",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 printable characters, quoted or not. Its scope is the API key and this path.",
    )),
    request_body = OfficialBody,
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
) -> Result<Response, ApiError> {
    let providers = state.engine.providers();
    let test = caller.key.as_ref().is_some_and(|key| key.test);
    let network = providers.of(Channel::WhatsappOfficial, test);
    let network = network.or_else(|| providers.of(Channel::WhatsappOfficial, !test));
    let (mut request, number) = read(&headers, &body, network.map(|network| network.capabilities()))?;
    // The number may belong to no device any more.
    let asked = request.idempotency.as_ref();
    if let Some(answer) = answered_before(&state, &caller, &context, language, asked).await? {
        return Ok(answer);
    }
    if request.device.is_none()
        && let Some(number) = number
    {
        request.device = Some(device_of(&state, &caller, &number).await?);
    }
    Ok(queue(&state, &caller, &context, language, request).await?.into_response())
}

/// The send, and Meta's id of the number it is to go through, if that is said.
fn read(
    headers: &HeaderMap,
    body: &Body,
    network: Option<&Capabilities>,
) -> Result<(SendRequest, Option<String>), ApiError> {
    let fields = body.fields();
    let idempotency = idempotency::key(headers, body, &fields, "POST /v1/meta/messages");
    let number = fields.text("phone_number_id", TextRule::upto(32)).map(str::to_owned);
    let parsed = parse(&fields, body, network)?;
    let request = Some(body.as_sent("/v1/meta/messages"));
    Ok((SendRequest { idempotency, request, ..parsed }, number))
}

/// The device of a number, by Meta's id of it.
async fn device_of(
    state: &AppState,
    caller: &Caller,
    number: &str,
) -> Result<cetar_model::DeviceId, ApiError> {
    let devices = state.engine.devices(caller).await?;
    let is_it = |device: &&cetar_store::Device| {
        device.channel == Channel::WhatsappOfficial && device.address.as_deref() == Some(number)
    };
    let found = devices.iter().find(is_it).map(|device| device.id.clone());
    found.ok_or_else(|| ApiError::field("phone_number_id", Problem::NoSuchDevice))
}

pub(crate) fn parse(
    fields: &Fields<'_>,
    body: &Body,
    network: Option<&Capabilities>,
) -> Result<SendRequest, ApiError> {
    fields.require("to");
    let to: Option<Chat> = fields.raw_text("to").and_then(|to| {
        recipient(Channel::WhatsappOfficial, to).map_err(|problem| fields.refuse("to", problem)).ok()
    });
    let kind = kind(fields);
    let content = kind.and_then(|kind| content::read(fields, body, kind));
    if let (Some(content), Some(network)) = (&content, network) {
        for unfit in network.unfit(content) {
            fields.add(problem(&unfit));
        }
    }
    let reply_to = fields.parsed("reply_to", || Problem::Id { prefix: MessageId::PREFIX });
    let Envelope { device, client_ref, expires_in } = Envelope::read(fields);
    let (to, content) = fields.complete(to.zip(content))?;
    Ok(SendRequest {
        channel: Channel::WhatsappOfficial,
        to,
        content,
        device,
        reply_to,
        tag: None,
        client_ref,
        expires_in,
        request_id: None,
        request: None,
        idempotency: None,
    })
}

/// The type's word; `None` if it is none, which is noted.
fn kind(fields: &Fields<'_>) -> Option<&'static str> {
    fields.require("type");
    let word = fields.raw_text("type")?;
    let known = content::TYPES.into_iter().find(|known| *known == word);
    if known.is_none() {
        let allowed = words(&content::TYPES);
        fields.refuse("type", if word.is_empty() { Problem::Empty } else { Problem::Unknown { allowed } });
    }
    known
}

/// Here the text and the caption stand in `text`.
fn problem(unfit: &Unfit) -> FieldProblem {
    let mut problem = unfit::problem(unfit);
    let part = match unfit {
        Unfit::TooLong { part, .. } | Unfit::NoPart(part) => Some(*part),
        Unfit::Kind { .. } | Unfit::Mixed => None,
    };
    if matches!(part, Some(Part::Text | Part::Caption)) {
        "text".clone_into(&mut problem.field);
    }
    problem
}

#[cfg(test)]
mod tests {
    use cetar_model::{Content, Filling, Language};
    use serde_json::{Value, json};

    use super::*;

    fn request(body: &str) -> Result<SendRequest, Vec<String>> {
        let body = Body::parse(body.as_bytes(), &HeaderMap::new()).map_err(|_| vec!["no JSON".to_owned()])?;
        parse(&body.fields(), &body, None).map_err(|error| {
            let answer = error.write(&mut HeaderMap::new(), Language::English, "");
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let fields = answer["error"]["fields"].as_array().unwrap();
            let gist = |field: &Value| {
                format!("{}: {}", field["field"].as_str().unwrap(), field["code"].as_str().unwrap())
            };
            fields.iter().map(gist).collect()
        })
    }

    fn refused(body: &Value) -> Vec<String> {
        request(&body.to_string()).err().unwrap_or_default()
    }

    #[test]
    fn interactive_content_keeps_its_text() {
        let content = "{ \"z\" : 1.0,\n \"a\":[1e2,\"\\u00e9\"], \"body\":{\"text\":\"Mau?\"} }";
        let body = format!("{{\"to\":\"6281234567890\",\"type\":\"interactive\",\"content\":{content}}}");
        let Content::Interactive { json, text } = request(&body).unwrap().content else {
            panic!("not interactive")
        };
        assert_eq!((json.as_str(), text.as_deref()), (content, Some("Mau?")));
    }

    #[test]
    fn the_documents_template_is_read_and_metas_array_is_kept() {
        let body = json!({
            "to": "6281234567890", "type": "template", "template_name": "hello_world", "language": "id",
            "components": {"header_image": "https://contoh.com/promo.jpg", "body_variables": ["Budi", "Rp 500.000"]},
        });
        let Content::Template(template) = request(&body.to_string()).unwrap().content else {
            panic!("no template")
        };
        let Filling::Parts(parts) = template.filling else { panic!("not in parts") };
        assert_eq!(parts.body.len(), 2);
        assert_eq!(parts.header.unwrap().media.url(), Some("https://contoh.com/promo.jpg"));
        let own = r#"{"to":"6281234567890","type":"template","template_name":"n","language":"id","components":[ {"type":"body" } ]}"#;
        let Content::Template(template) = request(own).unwrap().content else { panic!("no template") };
        assert!(matches!(template.filling, Filling::Components(json) if json == "[ {\"type\":\"body\" } ]"));
    }

    #[test]
    fn every_bad_field_is_listed() {
        assert_eq!(refused(&json!({})), ["to: required", "type: required"]);
        assert_eq!(
            refused(&json!({"to": "0812", "type": "poll"})),
            ["to: leading_zero", "type: unknown_value"]
        );
        let to = "6281234567890";
        for (body, expected) in [
            (json!({"to": to, "type": "text"}), &["text: required"][..]),
            (json!({"to": to, "type": "image"}), &["media_url: required"]),
            (json!({"to": to, "type": "interactive", "content": []}), &["content: wrong_type"]),
            (json!({"to": to, "type": "template"}), &["template_name: required", "language: required"]),
            (
                json!({"to": to, "type": "template", "template_name": "n", "language": "id",
                       "components": {"header_image": "x", "body_variables": [1], "button_variables": [{"index": 0, "type": "x", "value": ""}]}}),
                &[
                    "components.header_image: invalid_url",
                    "components.body_variables[0]: wrong_type",
                    "components.button_variables[0].type: unknown_value",
                    "components.button_variables[0].value: empty",
                ],
            ),
            (json!({"to": to, "type": "reaction"}), &["message_id: required"]),
            (json!({"to": to, "type": "location"}), &["location: required"]),
            (json!({"to": to, "type": "contacts", "contacts": []}), &["contacts: empty"]),
        ] {
            assert_eq!(refused(&body), expected, "{body}");
        }
        assert!(request(r#"{"to":"ID.13491208655302741918","type":"text","text":"x"}"#).is_ok());
    }
}
