//! One attempt to send.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cetar_model::{Chat, DownReason, FailureCode, MessageId, SendError, Sent};
use cetar_provider::{Host, HostError, Inbound, Outbound, SavedState};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    client::{BotApi, CallError, Upload},
    incoming, outgoing, state,
};

/// Slowest upload that is waited for, in bytes a second.
const SLOWEST: u64 = 64 * 1024;

/// Makes it. Another call follows a refusal only where Telegram said that the first one did nothing: the group has another id.
pub(crate) async fn send(
    api: &BotApi,
    host: &dyn Host,
    message: &Outbound,
    answer: Duration,
) -> Result<Sent, SendError> {
    let data_of = |at| callback_data(api, &message.id, at);
    let Some((call, buttons)) = outgoing::call(&message.content, data_of) else {
        return Err(SendError::Rejected {
            code: FailureCode::ContentNotSupported,
            provider_code: None,
            detail: Some("this kind of content is not sent on Telegram".to_owned()),
        });
    };
    if !buttons.is_empty() {
        state::save_buttons(host, &message.to, buttons).await.map_err(not_sent)?;
    }
    let answers = message.reply_to.as_deref().and_then(incoming::message_id);
    let first = perform(api, host, &call, &message.to, answers, answer).await;
    let moved_to = match &first {
        Err(Failed::Call(CallError::Refused(refusal))) => refusal.parameters.migrate_to_chat_id,
        _ => None,
    };
    let Some(moved_to) = moved_to else { return first.map_err(SendError::from) };
    let moved_to = Chat::new(moved_to.to_string());
    state::save_move(host, &message.to, &moved_to).await.map_err(not_sent)?;
    // Ids of messages begin anew in the new group.
    let sent = perform(api, host, &call, &moved_to, None, answer).await?;
    let moved = Inbound::Resolved { alias: message.to.clone(), number: moved_to };
    if let Err(error) = host.emit(moved).await {
        tracing::warn!(%error, "a group has another id, which could not be stored; the next send tells it again");
    }
    Ok(sent)
}

/// Why a call was not made, or what came of it.
enum Failed {
    Call(CallError),
    Host(HostError),
}

impl From<Failed> for SendError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Call(error) => error.into(),
            Failed::Host(error) => not_sent(error),
        }
    }
}

/// Nothing had been written yet.
fn not_sent(error: HostError) -> SendError {
    match error {
        HostError::LeaseLost => SendError::AccountDown(DownReason::HeldByAnotherNode),
        HostError::Unavailable(_) => SendError::NotSent(error.into()),
    }
}

async fn perform(
    api: &BotApi,
    host: &dyn Host,
    call: &outgoing::Call<'_>,
    to: &Chat,
    answers: Option<i64>,
    answer: Duration,
) -> Result<Sent, Failed> {
    let mut params = call.params.clone();
    params.insert("chat_id".to_owned(), chat_id(to));
    if let Some(message) = answers {
        // The message may have been deleted since: then it goes out without.
        let reply = json!({ "message_id": message, "allow_sending_without_reply": true });
        params.insert("reply_parameters".to_owned(), reply);
    }
    let sent: Value = match call.file {
        None => api.call(call.method, params, answer).await.map_err(Failed::Call)?,
        Some((field, media)) => {
            let upload = upload(host, field, media).await.map_err(Failed::Host)?;
            let most = answer + Duration::from_secs(upload.media.size / SLOWEST);
            api.upload(call.method, &params, upload, most).await.map_err(Failed::Call)?
        }
    };
    let id = sent["message_id"].as_i64().zip(sent["chat"]["id"].as_i64());
    let (message, chat) = id.ok_or_else(|| {
        Failed::Call(CallError::Unknown("Telegram took it and did not say under which id".to_owned()))
    })?;
    Ok(Sent { remote_id: incoming::remote_id(chat, message) })
}

/// Opens the file.
async fn upload(
    host: &dyn Host,
    field: &'static str,
    media: &cetar_model::Media,
) -> Result<Upload, HostError> {
    let id = media.stored().ok_or_else(|| HostError::Unavailable("the medium is not here".into()))?;
    let stored = host.media(id).await?;
    let content_type = media.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    let file_name = media.file_name.clone().unwrap_or_else(|| file_name(field, &content_type));
    Ok(Upload { field, file_name, content_type, media: stored })
}

/// Telegram goes by the name's ending in places.
fn file_name(field: &str, content_type: &str) -> String {
    let ending = match content_type {
        "image/jpeg" => "jpg",
        "audio/mpeg" => "mp3",
        "audio/mp4" | "audio/m4a" => "m4a",
        "text/plain" => "txt",
        other => other.rsplit_once('/').map_or("bin", |(_, kind)| kind),
    };
    format!("{field}.{ending}")
}

/// A number, or the name of a public chat.
pub(crate) fn chat_id(chat: &Chat) -> Value {
    chat.as_str().parse::<i64>().map_or_else(|_| chat.as_str().into(), Value::from)
}

/// What a button carries: short, the same for every attempt, and not to be guessed by those who know the message's id.
fn callback_data(api: &BotApi, message: &MessageId, at: usize) -> String {
    let hash = api
        .keyed(Sha256::new().chain_update(message.as_str()).chain_update([0]).chain_update(at.to_le_bytes()));
    format!("b:{}", URL_SAFE_NO_PAD.encode(&hash[..12]))
}

/// A session's host, for what only reads.
pub(crate) struct Reading<'h>(pub(crate) &'h dyn Host);

#[async_trait::async_trait]
impl SavedState for Reading<'_> {
    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<bytes::Bytes>, HostError> {
        self.0.load(collection, key).await
    }
}
