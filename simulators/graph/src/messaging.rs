//! `POST /me/messages`: Messenger's and Instagram's rules.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    Fault, GraphError,
    state::{Account, Kind, Shared},
    webhook, window,
};

/// Whom it is for.
pub(crate) fn recipient(body: &Value) -> Option<String> {
    body["recipient"]["id"].as_str().map(str::to_owned)
}

/// What Meta answers; an echo follows on Messenger, and a delivery.
pub(crate) async fn send(
    shared: &Arc<Shared>,
    account: &Account,
    body: &Value,
    fault: Option<Fault>,
) -> Result<Value, GraphError> {
    let whom = recipient(body).ok_or_else(|| GraphError::new(400, 100, "(#100) No recipient"))?;
    if !whom.bytes().all(|b| b.is_ascii_digit()) {
        return Err(GraphError::new(400, 100, "No matching user found").with_subcode(2_018_001));
    }
    let message = &body["message"];
    if !matches!(body["messaging_type"].as_str(), None | Some("RESPONSE" | "UPDATE" | "MESSAGE_TAG")) {
        return Err(GraphError::new(400, 100, "messaging_type"));
    }
    let text = message["text"].as_str();
    let attachment = &message["attachment"];
    match (text, attachment.is_object()) {
        (Some(_), true) => return Err(GraphError::new(400, 100, "text and attachment in one message")),
        (None, false) => return Err(GraphError::new(400, 100, "an empty message")),
        _ => {}
    }
    if let Some(text) = text {
        let fits = match account.kind {
            Kind::Instagram => text.len() <= 1000,
            Kind::Number | Kind::Page => text.chars().count() <= 2000,
        };
        if text.is_empty() || !fits {
            return Err(GraphError::new(
                400,
                100,
                "Length of param message[text] must be less than or equal to the limit",
            ));
        }
    }
    if let Some(replies) = message["quick_replies"].as_array() {
        let fits = |reply: &Value| {
            reply["title"].as_str().is_some_and(|title| (1..=20).contains(&title.chars().count()))
        };
        if !(1..=13).contains(&replies.len()) || !replies.iter().all(fits) {
            return Err(GraphError::new(400, 100, "quick_replies"));
        }
    }
    if attachment.is_object() {
        check_attachment(shared, attachment).await?;
    }
    let mut state = shared.lock();
    let is_tagged = body["messaging_type"] == "MESSAGE_TAG" && body["tag"] == "HUMAN_AGENT";
    let open = if is_tagged { window::TAGGED } else { window::OPEN };
    if state.windows.is_shut(account, &whom, open) {
        let subcode = if account.kind == Kind::Instagram { 2_534_022 } else { 2_018_278 };
        return Err(
            GraphError::new(403, 10, "This message is sent outside of allowed window.").with_subcode(subcode)
        );
    }
    let number = state.number();
    let mid = if account.kind == Kind::Instagram {
        format!("aWdf{number:016x}")
    } else {
        format!("m_{number:016x}")
    };
    if account.kind == Kind::Page && !matches!(fault, Some(Fault::CutOffForGood | Fault::Silent)) {
        let millis = webhook::now() * 1_000;
        let mut echo = json!({ "mid": mid, "is_echo": true, "app_id": 1 });
        for name in ["text", "metadata"] {
            if !message[name].is_null() {
                echo[name] = message[name].clone();
            }
        }
        let echo = json!({ "sender": {"id": account.id}, "recipient": {"id": whom}, "timestamp": millis, "message": echo });
        let delivery = json!({
            "sender": {"id": whom}, "recipient": {"id": account.id}, "timestamp": millis,
            "delivery": {"mids": [mid], "watermark": millis},
        });
        for item in [echo, delivery] {
            let entry = json!({ "id": account.id, "time": millis, "messaging": [item] });
            state.due.push_back((account.clone(), json!({ "object": "page", "entry": [entry] })));
        }
    }
    Ok(json!({ "recipient_id": whom, "message_id": mid }))
}

/// Templates by their form; files are fetched, as Meta does.
async fn check_attachment(shared: &Shared, attachment: &Value) -> Result<(), GraphError> {
    let payload = &attachment["payload"];
    match attachment["type"].as_str() {
        Some("template") if payload["template_type"] == "button" => {
            let text = payload["text"].as_str().is_some_and(|text| (1..=640).contains(&text.chars().count()));
            let buttons =
                payload["buttons"].as_array().is_some_and(|buttons| (1..=3).contains(&buttons.len()));
            if text && buttons { Ok(()) } else { Err(GraphError::new(400, 100, "button template")) }
        }
        Some("image" | "video" | "audio" | "file") => {
            let failed = || GraphError::new(400, 100, "Upload attachment failure.").with_subcode(2_018_047);
            let url = payload["url"].as_str().ok_or_else(failed)?;
            let answer = shared.http.get(url).send().await.map_err(|_| failed())?;
            if answer.status().is_success() { Ok(()) } else { Err(failed()) }
        }
        _ => Err(GraphError::new(400, 100, "attachment")),
    }
}
