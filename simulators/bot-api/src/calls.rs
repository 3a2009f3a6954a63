//! The methods.

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Value, json};

use crate::{
    answer::{Refused, ok},
    files,
    form::Form,
    push, send,
    server::Shared,
    state::{BotState, Hook, State},
    updates,
};

/// Does what the method says.
pub(crate) async fn carry_out(
    shared: &Arc<Shared>,
    token: &str,
    method: &str,
    form: &Form,
) -> Result<Response, Refused> {
    // A token without its two halves is none; one that nobody has is not let in.
    if !token.contains(':') {
        return Err(Refused::new(404, "Not Found"));
    }
    let known = shared.quietly(|state| state.bots.get(token).is_some_and(|bot| !bot.revoked));
    if !known {
        return Err(Refused::new(401, "Unauthorized"));
    }
    let method = method.to_ascii_lowercase();
    if method == "getupdates" {
        return updates::get(shared, token, form).await.map(ok);
    }
    let result = shared.with(|state| match method.as_str() {
        "getme" => Ok(with(state, token, |bot| {
            json!({
                "id": bot.id, "is_bot": true, "first_name": bot.username, "username": bot.username,
                "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
            })
        })),
        "setwebhook" => set_webhook(state, token, form),
        "deletewebhook" => {
            let drop_pending = form.flag("drop_pending_updates");
            Ok(with(state, token, |bot| {
                bot.hook = None;
                if drop_pending {
                    bot.updates.clear();
                }
                true.into()
            }))
        }
        "getwebhookinfo" => Ok(with(state, token, |bot| {
            let mut info = json!({
                "url": bot.hook.as_ref().map_or("", |hook| &hook.url),
                "has_custom_certificate": false,
                "pending_update_count": bot.updates.len(),
            });
            if let Some(error) = &bot.last_push_error {
                info["last_error_message"] = error.clone().into();
            }
            info
        })),
        "answercallbackquery" => {
            let query = form.text("callback_query_id").unwrap_or_default();
            let answered = with(state, token, |bot| match bot.callbacks.get_mut(&query) {
                Some(answered) if !*answered => {
                    *answered = true;
                    true.into()
                }
                _ => Value::Null,
            });
            if answered.is_null() {
                let late = "query is too old and response timeout expired or query ID is invalid";
                return Err(Refused::bad(late));
            }
            Ok(answered)
        }
        "sendchataction" => send::chat(state, token, form).map(|_chat| true.into()),
        "getfile" => files::get(state, form),
        sends => send::send(state, token, sends, form),
    })?;
    if method == "setwebhook" {
        push::begin(shared, token);
    }
    Ok(ok(result))
}

fn with(state: &mut State, token: &str, look: impl FnOnce(&mut BotState) -> Value) -> Value {
    state.bots.get_mut(token).map_or(Value::Null, look)
}

fn set_webhook(state: &mut State, token: &str, form: &Form) -> Result<Value, Refused> {
    let url = form.text("url").unwrap_or_default();
    let secret = form.text("secret_token");
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if secret.as_ref().is_some_and(|text| !(1..=256).contains(&text.len()) || !text.bytes().all(allowed)) {
        return Err(Refused::bad("secret token contains unallowed characters"));
    }
    // A server of one's own (--local) takes plain http; Telegram's takes https on four ports only.
    let local = url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
    if !url.is_empty() && !local && !url.starts_with("https://") {
        return Err(Refused::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    let wanted = form.object("allowed_updates").and_then(|kinds| serde_json::from_value(kinds).ok());
    Ok(with(state, token, |bot| {
        bot.hook = (!url.is_empty()).then_some(Hook { url, secret });
        bot.question += 1;
        if let Some(wanted) = wanted {
            bot.wanted = Some(wanted);
        }
        true.into()
    }))
}
