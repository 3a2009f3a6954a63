//! What holds of whatever a caller sends. The tests below try it on thousands of inputs in every run; the targets of `fuzz/` call
//! the same functions for as long as one likes.

use axum::http::{HeaderMap, HeaderValue, header};
use cetar_model::{Channel, ContentKind, Language, Markup};
use cetar_provider::{ButtonLimits, Capabilities, Length, Receives};
use serde_json::Value;

use crate::{
    client::Client,
    error::{ApiError, ErrorCode},
    input::{Body, Page, recipient},
    language,
    v1::{
        messages::{
            create::{Place, TYPES, parse},
            envelope::{CHANNELS, Reach},
            idempotency, send_template,
        },
        meta, numbers, templates,
    },
};

/// The longest text that the channels of these properties take.
const TEXT_MAX: usize = 100;

/// Networks that carry everything that can be asked for.
fn everything() -> Reach {
    let length = Length::characters(TEXT_MAX);
    let buttons = ButtonLimits {
        text: length,
        title: Some(length),
        footer: Some(length),
        label: length,
        id: length,
        code: length,
        urls: true,
        codes: true,
        mixed: true,
        media: true,
        best_effort: false,
        joined: false,
    };
    let network = Capabilities {
        content: &TYPES,
        text: length,
        caption: length,
        captioned: &[ContentKind::Image, ContentKind::Video, ContentKind::Document, ContentKind::Audio],
        markups: Markup::ALL,
        media: &[],
        buttons: Some(buttons),
        check: None,
        typing: true,
        resend_is_safe: true,
        link_methods: &[],
        concurrency: 1,
        pace: None,
        window: None,
        human_agent: None,
        receives: Receives::NOTHING,
    };
    Reach::to(CHANNELS.iter().map(|channel| (*channel, network.clone())).collect())
}

/// A body of `POST /v1/messages`: refused with a reason, or a message that can be sent.
pub fn send_body(bytes: &[u8]) {
    let body = match Body::parse(bytes, &HeaderMap::new()) {
        Ok(body) => body,
        Err(error) => return explained(&error, ErrorCode::InvalidJson),
    };
    // However it is written, it is the same request: its repeat is known by that.
    let anew = body.to_json();
    let again = Body::parse(&anew, &HeaderMap::new());
    let same = again.is_ok_and(|again| again.fingerprint() == body.fingerprint());
    let fraction = || has_fraction(&serde_json::from_slice(&anew).unwrap_or_default());
    assert!(same || fraction(), "written anew, it is another");
    match parse(&body.fields(), &everything(), Place::Asked) {
        Ok(request) => {
            assert!(recipient(request.channel, request.to.as_str()).is_ok(), "not a recipient");
            if let Some(text) = request.content.text() {
                assert!(!text.trim().is_empty() && !text.contains('\0'), "not a text to send");
                assert!(text.chars().count() <= TEXT_MAX, "too long a text");
            }
            assert!(request.client_ref.is_none_or(|own| own.chars().count() <= 255), "too long a reference");
        }
        Err(error) => explained(&error, ErrorCode::ValidationFailed),
    }
}

/// The bodies of the other endpoints that read theirs by hand: each is refused with a reason, or taken.
pub fn other_bodies(bytes: &[u8]) {
    let Ok(body) = Body::parse(bytes, &HeaderMap::new()) else { return };
    let reach = everything();
    let official = reach.capabilities(Channel::Whatsapp);
    let refusals = [
        send_template::parse(&body.fields(), &reach).err(),
        templates::body::parse(&body.fields()).err(),
        meta::messages::parse(&body.fields(), &body, official).err(),
        numbers::check::parse(&body.fields(), &reach).err(),
    ];
    for refusal in refusals.iter().flatten() {
        explained(refusal, ErrorCode::ValidationFailed);
    }
}

/// `serde_json` reads a fraction to within one unit of its last place (unless built with `float_roundtrip`), so that one written anew may
/// be another. No field of ours takes fractions, and a client that repeats its request sends the same bytes.
fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(entries) => entries.iter().any(has_fraction),
        Value::Object(map) => map.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// A refusal has this code, and says what is wrong in both languages.
fn explained(error: &ApiError, code: ErrorCode) {
    assert_eq!(error.code(), code, "another refusal");
    let mut messages = Vec::new();
    for language in [Language::Indonesian, Language::English] {
        let answer = error.clone().write(&mut HeaderMap::new(), language, "req_1");
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        assert_eq!(answer["success"], false, "not the envelope");
        let fields = answer["error"]["fields"].as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(fields.is_empty(), code != ErrorCode::ValidationFailed, "which fields?");
        for field in fields {
            let told = |name: &str| field[name].as_str().is_some_and(|text| !text.is_empty());
            assert!(told("field") && told("code") && told("message"), "a field without a word");
        }
        messages.push(answer["message"].clone());
    }
    assert_ne!(messages[0], messages[1], "one language twice");
}

/// `to`: taken as it stands, in the form of its channel, or refused.
pub fn to(text: &str) {
    for channel in Channel::ALL {
        let Ok(chat) = recipient(*channel, text) else { continue };
        assert_eq!(chat.as_str(), text, "it was changed");
        // Meta's user ids are longer than any other address.
        assert!(text.len() <= 131 && text.bytes().all(|b| b.is_ascii_graphic()), "no network's address");
        let by_number =
            *channel == Channel::Whatsapp || (*channel == Channel::WhatsappOfficial && !text.contains('.'));
        if by_number {
            assert!(text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0'), "not a number");
        }
    }
}

/// The headers that a caller writes as they like.
pub fn headers(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let with =
        |name: &'static str| HeaderMap::from_iter([(header::HeaderName::from_static(name), value.clone())]);
    language::preferred(&with("accept-language"));
    if let Ok(Some(key)) = idempotency::read(&with("idempotency-key")) {
        assert!(
            (1..=255).contains(&key.len()) && key.bytes().all(|b| (0x20..=0x7e).contains(&b)),
            "not a key"
        );
    }
    let (stranger, proxy) = ([203, 0, 113, 7].into(), [10, 0, 0, 1].into());
    let trusted = [ipnet::IpNet::from(proxy)];
    let forwarded = with("x-forwarded-for");
    assert_eq!(Client::of(stranger, &forwarded, &trusted).ip, stranger, "a stranger chose an address");
    let seen = Client::of(proxy, &forwarded, &trusted).ip;
    // `::` is an address, too.
    let named =
        || value.to_str().is_ok_and(|text| text.contains(|c: char| c.is_ascii_hexdigit() || c == ':'));
    assert!(seen == proxy || named(), "an address from nowhere");
}

/// The query of a list.
pub fn page(query: &str) {
    match Page::read(query) {
        Ok(_) => {}
        Err(problems) => assert!(!problems.is_empty(), "refused for nothing"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// JSON of any shape, with the names of the contract more often than others.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "(whatsapp|telegram|text|button|image|audio|cta_url|https://contoh.com/a.jpg|[0-9]{5,16}|[@+0-][0-9a-z_]{0,33})".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            let name = prop_oneof![
                "(channel|type|to|content|text|session_id|client_ref|expires_in|media_url|reply_to|tag|buttons|caption|filename)",
                ".{0,6}",
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(name, inner, 0..6).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    /// Found by `make fuzz`.
    #[test]
    fn the_shortest_address_is_read() {
        headers(b"::");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_body_or_are_explained(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            send_body(&bytes);
        }

        #[test]
        fn any_json_is_a_message_or_is_explained(json in any_json()) {
            send_body(json.to_string().as_bytes());
        }

        #[test]
        fn any_field_may_be_anything(field in "(channel|type|to|content|session_id|client_ref|expires_in)", json in any_json()) {
            let mut body = json!({"type": "text", "to": "6281234567890", "content": {"text": "Halo"}});
            body[field] = json;
            send_body(body.to_string().as_bytes());
        }

        #[test]
        fn any_json_is_a_body_of_the_others_or_is_explained(json in any_json(), field in "(type|to|template_id|variables|name|text|buttons|media_url|components|content|phone|fallback)", inner in any_json()) {
            other_bodies(json.to_string().as_bytes());
            for whole in [
                json!({"to": "6281234567890", "template_id": 123, "variables": ["Budi"]}),
                json!({"name": "Tagihan", "text": "Halo {{1}}", "buttons": [{"id": "A", "text": "Ya"}]}),
                json!({"to": "6281234567890", "type": "template", "template_name": "n", "language": "id", "components": {}}),
                json!({"phone": "6281234567890"}),
            ] {
                let mut body = whole;
                body[&field] = inner.clone();
                other_bodies(body.to_string().as_bytes());
            }
        }

        #[test]
        fn any_text_is_a_recipient_or_is_refused(text in ".{0,40}", like in "[-@+]?[0-9a-zA-Z_]{0,40}") {
            to(&text);
            to(&like);
        }

        #[test]
        fn any_header_is_read(bytes in prop::collection::vec(any::<u8>(), 0..100), list in "[ ,;=.:*\"a-fnq0-9-]{0,60}") {
            headers(&bytes);
            headers(list.as_bytes());
        }

        #[test]
        fn any_query_is_a_page_or_is_refused(query in "(limit=[0-9-]{0,22}|after=[A-Za-z0-9%_-]{0,60}|.{0,30}|&){0,4}") {
            page(&query);
        }
    }
}
