//! A send in the answer to a webhook: the body of `POST /v1/messages`, read by the same code, with the same complaints.

use cetar_engine::{
    Providers,
    accept::SendRequest,
    replies::{NotSent, Refusal, ReplyReader},
};
use cetar_model::Language;
use cetar_store::ReplyTarget;
use serde_json::{Map, Value};

use super::{
    create::{Place, parse},
    envelope::Reach,
    queued::refused,
};
use crate::{
    error::{ApiError, ErrorCode, Text},
    input::{Fields, JsonType, Problem, invalid_json},
};

/// Reads the sends in the answers to webhooks, for [`cetar_engine::Parts`].
#[derive(Debug, Clone, Copy)]
pub struct Replies;

impl ReplyReader for Replies {
    fn read(
        &self,
        body: &Map<String, Value>,
        target: &ReplyTarget,
        providers: &Providers,
        language: Language,
    ) -> Result<SendRequest, Refusal> {
        let fields = Fields::of(body);
        let chat = target.chat.clone();
        // Passed over in silence, another address would reach another person than its author meant.
        let settled = [
            ("channel", target.channel.as_str()),
            ("to", chat.as_str()),
            ("session_id", target.device.as_str()),
        ];
        for (field, value) in settled {
            if fields.has(field) && !fields.is_text(field, value) {
                fields.refuse(field, Problem::SettledByEvent);
            }
        }
        let network = providers.of(target.channel, target.sandbox);
        let network = network.map(|network| (target.channel, network.capabilities().clone()));
        let reach = Reach::to(network.into_iter().collect());
        parse(&fields, &reach, Place::Settled(target.channel, chat)).map_err(|error| told(error, language))
    }

    fn refusal(&self, why: NotSent, language: Language) -> Refusal {
        let error = match why {
            NotSent::NotJson(error) => invalid_json(&error),
            NotSent::Cut => ApiError::new(ErrorCode::BodyTooLarge).saying(Text::new(
                "Jawaban terputus, atau lebih dari 64 KiB. Persingkat balasan.",
                "The answer broke off, or is longer than 64 KiB. Make the reply shorter.",
            )),
            NotSent::NotAnObject => ApiError::field("reply", Problem::WrongType(JsonType::Object)),
            NotSent::Refused(error) => refused(error),
        };
        if let Some(cause) = error.cause() {
            tracing::error!(cause, code = error.code().as_str(), "a reply in an answer was not sent");
        }
        told(error, language)
    }
}

fn told(error: ApiError, language: Language) -> Refusal {
    Refusal { code: error.code().as_str().to_owned(), message: error.in_words(language) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cetar_model::{Channel, Chat, Content};
    use cetar_provider::testkit::ScriptedProvider;
    use serde_json::json;

    use super::*;

    const GROUP: &str = "120363000000000000@g.us";
    const DEVICE: &str = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50";

    fn read(body: &Value) -> Result<SendRequest, Refusal> {
        let mut providers = Providers::default();
        providers.sandbox.insert(Channel::Whatsapp, Arc::new(ScriptedProvider::new(true)));
        let target = ReplyTarget {
            workspace: "ws_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().expect("an id"),
            device: DEVICE.parse().expect("an id"),
            channel: Channel::Whatsapp,
            sandbox: true,
            chat: Chat::new(GROUP),
            answered: false,
        };
        Replies.read(body.as_object().expect("an object"), &target, &providers, Language::English)
    }

    #[test]
    fn a_reply_is_a_send_to_where_the_message_came_from() {
        let body =
            json!({"type": "text", "content": {"text": "Halo"}, "client_ref": "r-1", "expires_in": 60});
        let send = read(&body).expect("a send");
        assert_eq!(send.to.as_str(), GROUP, "groups too, which no other send can name");
        assert!(matches!(send.content, Content::Text { text } if text == "Halo"));
        assert_eq!(send.client_ref.as_deref(), Some("r-1"));
    }

    #[test]
    fn a_reply_may_say_where_it_goes_but_goes_nowhere_else() {
        let mut body = json!({
            "channel": "whatsapp", "session_id": DEVICE, "to": GROUP, "type": "text", "content": {"text": "Halo"},
        });
        assert!(read(&body).is_ok());
        for (field, other) in [
            ("channel", "telegram"),
            ("session_id", "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f51"),
            ("to", "6281234567890"),
        ] {
            let settled = std::mem::replace(&mut body[field], other.into());
            let refusal = read(&body).expect_err("refused");
            assert_eq!(refusal.code, "validation_failed");
            assert!(refusal.message.starts_with(&format!("{field}: A reply goes")), "{refusal:?}");
            body[field] = settled;
        }
    }

    #[test]
    fn every_bad_field_of_a_reply_is_told() {
        let refusal = read(&json!({"to": 7, "content": {"text": ""}})).expect_err("refused");
        for field in ["to: ", "type: Required.", "content.text: Must not be empty."] {
            assert!(refusal.message.contains(field), "{refusal:?}");
        }
        let long =
            read(&json!({"type": "text", "content": {"text": "x".repeat(5000)}})).expect_err("refused");
        assert!(long.message.starts_with("content.text: At most 4096 characters"), "{long:?}");
    }

    #[test]
    fn what_is_no_reply_at_all_has_the_codes_of_a_request() {
        let broken = serde_json::from_str::<Value>("{").expect_err("not JSON");
        for (why, code) in [
            (NotSent::NotJson(broken), "invalid_json"),
            (NotSent::Cut, "body_too_large"),
            (NotSent::NotAnObject, "validation_failed"),
        ] {
            let refusal = Replies.refusal(why, Language::Indonesian);
            assert_eq!(refusal.code, code);
            assert!(refusal.message.ends_with('.'), "{refusal:?}");
        }
    }
}
