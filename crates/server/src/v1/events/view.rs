//! An event as the API shows it: the webhook's body, and where it stands in the stream.

use cetar_engine::events::PulledEvent;
use cetar_model::EventId;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, Value};
use utoipa::ToSchema;

use crate::{answer::Time, openapi::schema};

/// An event: the members of the webhook's body, and `id`, `sequence`, `created_at` beside them.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventData {
    /// What happened.
    #[schema(value_type = schema::EventType)]
    event: String,
    /// On which channel; `null` where it is of none.
    #[schema(value_type = Option<schema::Channel>, required)]
    channel: Value,
    /// On which device; `null` where it is of none.
    #[schema(value_type = Option<String>, required, example = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    session_id: Value,
    /// The particulars, as in the webhook. Events of a message have `sequence`, its position in its conversation.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
    /// Its id; the webhook's `webhook-id`.
    #[schema(value_type = String, example = "evt_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: EventId,
    /// Its place in the workspace's stream: ascending, for every reader the same.
    #[schema(example = 4711)]
    sequence: i64,
    /// When it was made.
    created_at: Time,
}

/// What is kept of it.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    channel: Value,
    #[serde(default)]
    session_id: Value,
    data: Box<RawValue>,
}

/// What a network said itself stands in `data` as it said it.
fn forwarded(data: &RawValue) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Words {
        forwarded: String,
    }
    let begins = data.get().starts_with("{\"forwarded\":");
    let words: Words = begins.then(|| serde_json::from_str(data.get()).ok())??;
    RawValue::from_string(words.forwarded).ok()
}

impl From<PulledEvent> for EventData {
    fn from(PulledEvent { event, .. }: PulledEvent) -> Self {
        // A body of another form stands in `data` whole: one event must not hold up those after it.
        let Body { channel, session_id, data } = serde_json::from_str(&event.body).unwrap_or_else(|_| Body {
            channel: Value::Null,
            session_id: event.device.as_ref().map_or(Value::Null, |device| device.as_str().into()),
            data: RawValue::from_string(event.body).unwrap_or_else(|_| RawValue::NULL.to_owned()),
        });
        let data = forwarded(&data).unwrap_or(data);
        Self {
            event: event.event_type,
            channel,
            session_id,
            data,
            id: event.id,
            sequence: event.number,
            created_at: event.created_at.into(),
        }
    }
}
