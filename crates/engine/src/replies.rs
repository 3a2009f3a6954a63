//! Reply in the answer: a receiver of `message.received` may answer its webhook with `{"reply": {…}}`, the body of a send. It goes to
//! the chat the message came from, once, however often the webhook is delivered.
//!
//! The send is accepted **before** the delivery is settled, under an idempotency key made of endpoint and event which outlives the
//! event. So of two answers to one event the first that is committed wins, and a process that dies between the two steps
//! delivers again and finds the key taken. What has been answered well before, with a reply or without, is not listened to again:
//! a person who resends a delivery, weeks later perhaps, means the receiver's books and nobody's phone.

use cetar_model::{EventType, Language};
use cetar_store::{ClaimedDelivery, ReplyOutcome, ReplyTarget, StoreError};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    Engine, Providers,
    accept::{AcceptError, IdempotencyKey, SendRequest},
    auth::Caller,
    delivery::{Response, TransportError},
    insist::insist,
};

/// Reads the body of a send as `POST /v1/messages` does. What its fields are called, what they may hold and how a bad one is told is
/// the business of the API, which the engine does not know; this is its way in.
pub trait ReplyReader: Send + Sync + 'static {
    /// The send, to `target` and nowhere else.
    fn read(
        &self,
        body: &Map<String, Value>,
        target: &ReplyTarget,
        providers: &Providers,
        language: Language,
    ) -> Result<SendRequest, Refusal>;

    /// What to say of a reply that was not sent.
    fn refusal(&self, why: NotSent, language: Language) -> Refusal;
}

/// What is told of a reply that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A code of the API.
    pub code: String,
    /// What is wrong and what to do. No content.
    pub message: String,
}

/// Why a reply was not sent though its fields were never looked at, or were in order.
#[derive(Debug)]
pub enum NotSent {
    /// The answer that seems to hold it is not JSON.
    NotJson(serde_json::Error),
    /// The answer broke off, or is longer than what is read of one ([`ANSWER_ROOM`]).
    Cut,
    /// `reply` is there and is not an object.
    NotAnObject,
    /// It was refused as a send over HTTP would have been.
    Refused(AcceptError),
}

/// Bytes read of an answer that may hold a reply: the longest text of any channel fits, however its JSON is escaped.
pub(crate) const ANSWER_ROOM: usize = 64 * 1024;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    reply: Option<Value>,
}

/// The reply in an answer; `None` where nothing was meant to be one.
fn find(answer: &Response) -> Option<Result<Map<String, Value>, NotSent>> {
    let text = answer.body.trim_start_matches('\u{feff}').trim_start();
    // Most receivers answer `OK`, or a document of their own.
    if !text.starts_with('{') || !text.contains("\"reply\"") {
        return None;
    }
    if !answer.whole {
        return Some(Err(NotSent::Cut));
    }
    match serde_json::from_str(text) {
        Ok(Answer { reply: None }) => None,
        Ok(Answer { reply: Some(Value::Object(reply)) }) => Some(Ok(reply)),
        Ok(Answer { reply: Some(_) }) => Some(Err(NotSent::NotAnObject)),
        Err(error) => Some(Err(NotSent::NotJson(error))),
    }
}

/// Whether the answer to this delivery is to be read for a reply.
pub(crate) fn may_reply(delivery: &ClaimedDelivery) -> bool {
    delivery.endpoint.replies && delivery.event_type == EventType::MessageReceived
}

/// Takes the reply out of the answer to a delivery, if the receiver took that and a reply is there and wanted. What became of it,
/// for the log. Waits for a database that is away: the delivery must not be settled before.
pub(crate) async fn take(
    engine: &Engine,
    delivery: &ClaimedDelivery,
    outcome: &Result<Response, TransportError>,
) -> Option<ReplyOutcome> {
    let answer =
        outcome.as_ref().ok().filter(|answer| may_reply(delivery) && (200..300).contains(&answer.status))?;
    let found = find(answer)?;
    let about = || about(engine, delivery);
    let (target, caller) = match insist(engine.clock(), "whom a reply goes to", about).await {
        Ok(about) => about?,
        // A row that cannot be read. Without it, nobody knows what language to say so in.
        Err(error) => {
            return Some(refuse(engine, delivery, NotSent::Refused(error.into()), Language::Indonesian));
        }
    };
    if target.answered {
        return Some(ReplyOutcome::PassedOver);
    }
    let language = caller.workspace.language;
    let read = found.map(|body| engine.inner.replies.read(&body, &target, &engine.inner.providers, language));
    let request = match read {
        Ok(Ok(request)) => request,
        Ok(Err(refusal)) => return Some(note(delivery, refusal)),
        Err(unusable) => return Some(refuse(engine, delivery, unusable, language)),
    };
    let idempotency = IdempotencyKey {
        key: format!("{} {}", delivery.endpoint.id, delivery.event),
        path: "reply",
        // The same for all: another answer to the same event is not another reply.
        fingerprint: [0; 32],
        // The event was made before: when it is deleted, nothing is left to be answered.
        kept: engine.settings().retention,
    };
    let request = SendRequest { device: Some(target.device), idempotency: Some(idempotency), ..request };
    let accept = || async {
        match engine.accept(&caller, request.clone()).await {
            Err(AcceptError::Store(error)) => Err(error),
            decided => Ok(decided),
        }
    };
    let decided = insist(engine.clock(), "a reply in an answer", accept).await;
    Some(match decided.unwrap_or_else(|error| Err(error.into())) {
        Ok(accepted) => ReplyOutcome::Queued { job: accepted.job },
        Err(error) => refuse(engine, delivery, NotSent::Refused(error), language),
    })
}

/// Where a reply goes, and who sends it: the workspace itself, under its plan. `None`: nothing is left that could be answered.
async fn about(
    engine: &Engine,
    delivery: &ClaimedDelivery,
) -> Result<Option<(ReplyTarget, Caller)>, StoreError> {
    let store = &engine.inner.store;
    let Some(target) = store.reply_target(&delivery.delivery).await? else { return Ok(None) };
    let workspace = store.workspace(&target.workspace).await?;
    Ok(workspace.map(|workspace| (target, engine.operator(workspace))))
}

fn refuse(engine: &Engine, delivery: &ClaimedDelivery, why: NotSent, language: Language) -> ReplyOutcome {
    note(delivery, engine.inner.replies.refusal(why, language))
}

fn note(delivery: &ClaimedDelivery, Refusal { code, message }: Refusal) -> ReplyOutcome {
    tracing::info!(delivery = %delivery.delivery, event = %delivery.event, code, "a reply in an answer was refused");
    ReplyOutcome::Refused { code, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Option<Result<Map<String, Value>, NotSent>> {
        find(&Response { status: 200, retry_after: None, body: body.to_owned(), whole: true })
    }

    #[test]
    fn most_answers_hold_no_reply() {
        for nothing in [
            "",
            "OK",
            "<html>\"reply\"</html>",
            "[]",
            "{}",
            r#"{"ok":true}"#,
            r#"{"reply":null}"#,
            r#"{"x":{"reply":{}}}"#,
        ] {
            assert!(found(nothing).is_none(), "{nothing}");
        }
    }

    #[test]
    fn a_reply_is_found_beside_whatever_else_is_said() {
        for reply in [r#"{"reply":{"type":"text"}}"#, "\u{feff} {\"ok\":true,\"reply\":{\"type\":\"text\"}}"]
        {
            assert!(matches!(found(reply), Some(Ok(body)) if body["type"] == "text"), "{reply}");
        }
    }

    #[test]
    fn what_was_meant_as_a_reply_and_is_none_is_told_apart() {
        for text in [r#"{"reply":"Halo"}"#, r#"{"reply":[]}"#] {
            assert!(matches!(found(text), Some(Err(NotSent::NotAnObject))), "{text}");
        }
        let broken = r#"{"reply":{"type":"te"#;
        assert!(matches!(found(broken), Some(Err(NotSent::NotJson(_)))));
        let cut = Response { status: 200, retry_after: None, body: broken.to_owned(), whole: false };
        assert!(matches!(find(&cut), Some(Err(NotSent::Cut))));
    }
}
