//! Updates, and asking for them.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{answer::Refused, form::Form, server::Shared};

/// The kinds that come only to bots which ask for them.
const OPT_IN: &[&str] = &["chat_member", "message_reaction", "message_reaction_count"];
/// Longest a question is kept open, in seconds.
const LONGEST_POLL: i64 = 50;

/// Puts an update into the bot's queue.
pub(crate) fn push(shared: &Shared, token: &str, kind: &str, body: Value) {
    shared.with(|state| {
        let Some(bot) = state.bots.get_mut(token) else { return };
        let wanted = match bot.wanted.as_deref() {
            None | Some([]) => !OPT_IN.contains(&kind),
            Some(kinds) => kinds.iter().any(|wanted| wanted == kind),
        };
        if wanted {
            let mut update = json!({ "update_id": bot.next_update });
            update[kind] = body;
            bot.next_update += 1;
            bot.told.push(update.clone());
            bot.updates.push_back(update);
        }
    });
}

/// `getUpdates`: what is not yet confirmed, or what comes within `timeout`. `offset` confirms all before it.
pub(crate) async fn get(shared: &Arc<Shared>, token: &str, form: &Form) -> Result<Value, Refused> {
    let limit = usize::try_from(form.number("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
    let wait = form.number("timeout").unwrap_or(0).clamp(0, LONGEST_POLL);
    let wait = Duration::from_secs(u64::try_from(wait).unwrap_or(0));
    let wanted = form.object("allowed_updates").and_then(|kinds| serde_json::from_value(kinds).ok());
    let offset = form.number("offset");
    let unknown = || Refused::new(401, "Unauthorized");
    let mine = shared.with(|state| {
        let bot = state.bots.get_mut(token).ok_or_else(unknown)?;
        if bot.hook.is_some() {
            let why = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
            return Err(Refused::conflict(why));
        }
        if let Some(wanted) = wanted {
            bot.wanted = Some(wanted);
        }
        if let Some(offset) = offset {
            bot.updates.retain(|update| update["update_id"].as_i64() >= Some(offset));
        }
        bot.question += 1;
        Ok(bot.question)
    })?;
    let look = shared.until(|state| {
        let Some(bot) = state.bots.get_mut(token).filter(|bot| !bot.revoked) else {
            return Some(Err(unknown()));
        };
        if bot.question != mine {
            bot.conflicts += 1;
            let why =
                "terminated by other getUpdates request; make sure that only one bot instance is running";
            return Some(Err(Refused::conflict(why)));
        }
        let there: Vec<Value> = bot.updates.iter().take(limit).cloned().collect();
        (!there.is_empty()).then_some(Ok(there.into()))
    });
    tokio::select! {
        found = look => found,
        () = tokio::time::sleep(wait) => Ok(json!([])),
        () = shared.stop.cancelled() => Ok(json!([])),
    }
}
