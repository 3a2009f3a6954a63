//! Reads the replies in receivers' answers, in a form of the tests' own: `{"reply": {"text": "…"}}`.

use cetar_engine::{
    Providers,
    accept::SendRequest,
    replies::{NotSent, Refusal, ReplyReader},
};
use cetar_model::{Content, Language};
use cetar_store::ReplyTarget;
use serde_json::{Map, Value};

/// Takes texts.
pub(crate) struct TextReader;

impl ReplyReader for TextReader {
    fn read(
        &self,
        body: &Map<String, Value>,
        target: &ReplyTarget,
        _providers: &Providers,
        _language: Language,
    ) -> Result<SendRequest, Refusal> {
        let text = body.get("text").and_then(Value::as_str).ok_or_else(|| refusal("no text"))?;
        Ok(SendRequest {
            channel: target.channel,
            to: target.chat.clone(),
            content: Content::Text { text: text.to_owned() },
            device: None,
            reply_to: None,
            tag: None,
            client_ref: None,
            expires_in: None,
            request_id: None,
            request: None,
            idempotency: None,
        })
    }

    fn refusal(&self, why: NotSent, _language: Language) -> Refusal {
        refusal(&format!("{why:?}"))
    }
}

fn refusal(message: &str) -> Refusal {
    Refusal { code: "refused".to_owned(), message: message.to_owned() }
}
