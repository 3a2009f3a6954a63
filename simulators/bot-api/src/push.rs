//! Pushing updates to a webhook, in order, each until it is taken.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::server::Shared;

/// Pause after a push that was not taken; the real one doubles it up to a minute or two.
const PAUSE: Duration = Duration::from_millis(200);
/// What the secret travels in.
const SECRET: &str = "X-Telegram-Bot-Api-Secret-Token";

/// Pushes until the bot's webhook changes.
pub(crate) fn begin(shared: &Arc<Shared>, token: &str) {
    let (here, token) = (Arc::clone(shared), token.to_owned());
    let hook = shared.quietly(|state| {
        let bot = state.bots.get(&token)?;
        Some((bot.hook.clone()?, bot.question))
    });
    let Some((hook, mine)) = hook else { return };
    let stop = shared.stop.clone();
    shared.tasks.spawn(async move {
        let run = async {
            loop {
                let update = here
                    .until(|state| {
                        let bot = state.bots.get(&token)?;
                        if bot.hook.is_none() || bot.question != mine {
                            return Some(None);
                        }
                        bot.updates.front().cloned().map(Some)
                    })
                    .await;
                let Some(update) = update else { return };
                let error = push(&here, &hook.url, hook.secret.as_deref(), &update).await;
                let accepted = error.is_none();
                here.with(|state| {
                    let Some(bot) = state.bots.get_mut(&token) else { return };
                    bot.last_push_error = error;
                    if accepted && bot.updates.front() == Some(&update) {
                        bot.updates.pop_front();
                    }
                });
                if !accepted {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        tokio::select! {
            () = run => {}
            () = stop.cancelled() => {}
        }
    });
}

async fn push(shared: &Shared, url: &str, secret: Option<&str>, update: &Value) -> Option<String> {
    let mut request = shared.http.post(url).json(update);
    if let Some(secret) = secret {
        request = request.header(SECRET, secret);
    }
    match request.send().await {
        Ok(response) if response.status().is_success() => None,
        Ok(response) => Some(format!("Wrong response from the webhook: {}", response.status())),
        Err(error) => Some(error.to_string()),
    }
}
