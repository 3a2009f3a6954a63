//! One bot, live: asks for updates and sends.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cetar_model::{
    Chat, Clock, DeviceState, DownReason, Health, Language, PhoneNumber, SendError, Sent, Timestamp, backoff,
};
use cetar_provider::{
    ByteStream, CheckError, DownloadError, Host, HostError, Inbound, NumberCheck, Outbound, Push,
    PushRefused, Session, SessionEnd,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

use crate::{
    PATIENCE,
    client::{BotApi, CallError, Params},
    send::{self, Reading},
    settings::BotSettings,
    state::{self, Me},
    updates::{self, COURTESY, Intake},
    wire,
};

/// How much longer than Telegram may keep a question open its answer is waited for.
const GRACE: Duration = Duration::from_secs(10);
/// Longest pause between two tries of a connection that is lost.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// So often in a row another process may take the questions away before it is clear that it will go on. Once happens when a node hands
/// over to the next.
const TAKEN_AWAY: u32 = 3;
/// How often is looked whether updates are still pushed to us.
const LOOK: Duration = Duration::from_mins(1);
/// What a push carries its secret in.
const SECRET: &str = "x-telegram-bot-api-secret-token";
/// A file that came in is read within this time.
const DOWNLOAD: Duration = Duration::from_mins(5);

/// What is known of the connection.
struct Line {
    state: DeviceState,
    reason: Option<DownReason>,
    last_frame_at: Option<Timestamp>,
    last_ack_at: Option<Timestamp>,
}

/// How long things may take.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// Telegram may keep a question for updates open.
    pub(crate) poll: Duration,
    /// The answer to a send.
    pub(crate) answer: Duration,
}

pub(crate) struct TelegramSession {
    api: BotApi,
    settings: BotSettings,
    language: Language,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    times: Times,
    /// Where Telegram pushes updates to, if it does.
    hook: Option<String>,
    line: Mutex<Line>,
    /// Telegram does not take the token any more.
    revoked: CancellationToken,
}

/// Why a stretch of polling ended.
enum Trouble {
    Host(HostError),
    Call(CallError),
}

impl From<HostError> for Trouble {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// Who the bot is.
pub(crate) async fn me(api: &BotApi) -> Result<wire::User, CallError> {
    api.call("getMe", Params::new(), PATIENCE).await
}

impl TelegramSession {
    pub(crate) fn new(
        api: BotApi,
        settings: BotSettings,
        language: Language,
        host: Arc<dyn Host>,
        clock: Arc<dyn Clock>,
        times: Times,
        hook: Option<String>,
    ) -> Self {
        let line =
            Line { state: DeviceState::Connecting, reason: None, last_frame_at: None, last_ack_at: None };
        let revoked = CancellationToken::new();
        Self { api, settings, language, host, clock, times, hook, line: Mutex::new(line), revoked }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Telegram has answered.
    async fn heard(&self) -> Result<(), HostError> {
        let now = self.clock.now();
        let changed = {
            let mut line = self.line();
            (line.last_frame_at, line.last_ack_at, line.reason) = (Some(now), Some(now), None);
            std::mem::replace(&mut line.state, DeviceState::Connected) != DeviceState::Connected
        };
        if changed { self.tell().await } else { Ok(()) }
    }

    async fn lost(&self, reason: DownReason) -> Result<(), HostError> {
        {
            let mut line = self.line();
            (line.state, line.reason) = (DeviceState::Connecting, Some(reason));
        }
        self.tell().await
    }

    async fn tell(&self) -> Result<(), HostError> {
        self.host.emit(Inbound::Health(self.health())).await
    }

    /// Until it cannot go on.
    async fn live(&self) -> SessionEnd {
        let (mut failures, mut taken_away) = (0, 0);
        loop {
            let trouble = match self.stretch(&mut failures, &mut taken_away).await {
                Trouble::Host(HostError::LeaseLost) => {
                    return SessionEnd::Lost(DownReason::HeldByAnotherNode);
                }
                // Nobody took the news: Telegram tells it again.
                Trouble::Host(HostError::Unavailable(_)) => {
                    return SessionEnd::Lost(DownReason::Disconnected);
                }
                Trouble::Call(error) => error,
            };
            let wait = match &trouble {
                CallError::Refused(refusal) => match refusal.code {
                    401 | 404 => return SessionEnd::Ended(DownReason::CredentialsExpired),
                    409 => {
                        taken_away += 1;
                        if taken_away >= TAKEN_AWAY {
                            return SessionEnd::Ended(DownReason::ReplacedElsewhere);
                        }
                        None
                    }
                    _ => refusal.parameters.retry_after.map(Duration::from_secs),
                },
                CallError::NotSent(_) | CallError::Unknown(_) => None,
            };
            failures += 1;
            let wait = wait.unwrap_or_else(|| backoff(failures).min(LONGEST_PAUSE));
            tracing::warn!(error = %trouble, ?wait, "Telegram cannot be asked for updates; trying again");
            if let Err(error) = self.lost(DownReason::Disconnected).await {
                tracing::info!(%error, "the loss of the connection could not be told");
            }
            self.clock.sleep_until(self.clock.now() + wait).await;
        }
    }

    /// Connects and asks for updates until something goes wrong.
    async fn stretch(&self, failures: &mut u32, taken_away: &mut u32) -> Trouble {
        let trouble: Result<std::convert::Infallible, Trouble> = async {
            self.connect().await?;
            // A question may stay open for long: who the bot is was the round trip.
            self.heard().await?;
            if let Some(hook) = &self.hook {
                return self.hooked(hook, failures).await;
            }
            let mut offset = None;
            loop {
                let question = updates::question(offset, self.times.poll);
                let updates: Vec<Value> =
                    self.api.call("getUpdates", question, self.times.poll + GRACE).await?;
                self.heard().await?;
                (*failures, *taken_away) = (0, 0);
                self.intake().take(&updates).await?;
                // Only now: asking for what follows confirms these.
                let last = updates.iter().filter_map(|update| update["update_id"].as_i64()).max();
                offset = last.map(|last| last + 1).or(offset);
            }
        }
        .await;
        match trouble {
            Err(trouble) => trouble,
            Ok(never) => match never {},
        }
    }

    /// Has updates pushed, and looks from time to time whether they still are.
    async fn hooked(&self, hook: &str, failures: &mut u32) -> Result<std::convert::Infallible, Trouble> {
        let mut params = Params::new();
        params.insert("url".to_owned(), hook.into());
        params.insert("secret_token".to_owned(), self.secret().into());
        params.insert("allowed_updates".to_owned(), serde_json::json!(updates::WANTED));
        loop {
            let info: wire::WebhookInfo = self.api.call("getWebhookInfo", Params::new(), PATIENCE).await?;
            if info.url != hook {
                let _done: Value = self.api.call("setWebhook", params.clone(), PATIENCE).await?;
            }
            if let Some(error) = info.last_error_message {
                tracing::warn!(
                    error,
                    pending = info.pending_update_count,
                    "Telegram could not push updates lately"
                );
            }
            self.heard().await?;
            *failures = 0;
            self.clock.sleep_until(self.clock.now() + LOOK).await;
        }
    }

    /// What every push carries: nothing that needs to be kept.
    fn secret(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.api.keyed(Sha256::new().chain_update("webhook")))
    }

    fn intake(&self) -> Intake<'_> {
        Intake { api: &self.api, host: &*self.host, settings: &self.settings, language: self.language }
    }

    /// Learns who the bot is, and sees to it that updates can be asked for.
    async fn connect(&self) -> Result<(), Trouble> {
        let user = me(&self.api).await?;
        let me = Me { username: user.username.unwrap_or_default() };
        if state::me(&Reading(&*self.host)).await?.as_ref() != Some(&me) {
            state::save_me(&*self.host, &me).await?;
        }
        // Whoever gave us the token wants its updates here; nothing that waits is dropped. A webhook keeps them from us.
        let info: wire::WebhookInfo = self.api.call("getWebhookInfo", Params::new(), PATIENCE).await?;
        if !info.url.is_empty() && self.hook.is_none() {
            tracing::warn!("the bot had a webhook, which is removed: its updates are asked for from here");
            let _done: Value = self.api.call("deleteWebhook", Params::new(), PATIENCE).await?;
        }
        Ok(())
    }

    fn note(&self, outcome: &Result<Sent, SendError>) {
        match outcome {
            Ok(_) | Err(SendError::Rejected { .. } | SendError::SlowDown { .. }) => {
                self.line().last_ack_at = Some(self.clock.now());
            }
            Err(SendError::AccountDown(DownReason::CredentialsExpired)) => self.revoked.cancel(),
            Err(
                SendError::AccountDown(_)
                | SendError::NotSent(_)
                | SendError::Unknown(_)
                | SendError::Partly(_),
            ) => {}
        }
    }
}

#[async_trait]
impl Session for TelegramSession {
    async fn run(&self, stop: CancellationToken) -> SessionEnd {
        let end = tokio::select! {
            () = stop.cancelled() => SessionEnd::Stopped,
            () = self.revoked.cancelled() => SessionEnd::Ended(DownReason::CredentialsExpired),
            end = self.live() => end,
        };
        let mut line = self.line();
        let reason = match end {
            SessionEnd::Stopped => DownReason::Disconnected,
            SessionEnd::Lost(reason) | SessionEnd::Ended(reason) => reason,
        };
        (line.state, line.reason) = (DeviceState::Connecting, Some(reason));
        end
    }

    fn health(&self) -> Health {
        let line = self.line();
        let Line { state, reason, last_frame_at, last_ack_at } = *line;
        Health { last_frame_at, last_ack_at, ..Health::new(state, reason) }
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let outcome = send::send(&self.api, &*self.host, message, self.times.answer).await;
        self.note(&outcome);
        outcome
    }

    /// Whether somebody with this number has shared it with the bot: Telegram itself cannot be asked.
    async fn check(&self, number: &PhoneNumber) -> Result<NumberCheck, CheckError> {
        let chat = state::chat_of(&Reading(&*self.host), number.as_str()).await;
        let chat = chat.map_err(|error| CheckError::Failed(error.into()))?;
        Ok(NumberCheck { is_registered: chat.is_some(), jid: chat.map(|chat| chat.to_string()) })
    }

    async fn typing(&self, chat: &Chat) -> Result<(), SendError> {
        let params = [("chat_id".to_owned(), send::chat_id(chat)), ("action".to_owned(), "typing".into())];
        let shown: Result<Value, CallError> =
            self.api.call("sendChatAction", params.into_iter().collect(), COURTESY).await;
        shown.map(drop).map_err(SendError::from)
    }

    async fn download(&self, reference: &str) -> Result<ByteStream, DownloadError> {
        let params = [("file_id".to_owned(), reference.into())].into_iter().collect();
        let file: wire::File = self.api.call("getFile", params, PATIENCE).await.map_err(not_read)?;
        let path = file.file_path.unwrap_or_default();
        if path.is_empty() || path.starts_with('/') {
            let why = "the Bot API server gives a path on its own disk: run it without --local";
            return Err(DownloadError::Gone(why.to_owned()));
        }
        let download = self.api.file(&path, DOWNLOAD).await.map_err(not_read)?;
        match download.status() {
            200 => Ok(download.into_stream()),
            // The path has had its hour; the next try asks for another.
            status => Err(DownloadError::Failed(format!("HTTP {status}").into())),
        }
    }

    fn may_push(&self, push: &Push) -> bool {
        let secret = push.header(SECRET).unwrap_or_default();
        self.hook.is_some() && bool::from(secret.as_bytes().ct_eq(self.secret().as_bytes()))
    }

    async fn pushed(&self, push: &Push) -> Result<(), PushRefused> {
        if !self.may_push(push) {
            return Err(PushRefused::NotVerified);
        }
        let update: Value = serde_json::from_slice(&push.body).map_err(|_| PushRefused::Unreadable)?;
        self.line().last_frame_at = Some(self.clock.now());
        Ok(self.intake().take(&[update]).await?)
    }

    /// A bot is not linked to anything: forgetting the token, which the gateway does, is all there is.
    async fn logout(&self) -> Result<(), SendError> {
        if self.hook.is_some() {
            // Or Telegram would keep pushing to an address that nobody takes it at.
            let _done: Value = self.api.call("deleteWebhook", Params::new(), PATIENCE).await?;
        }
        Ok(())
    }
}

fn not_read(error: CallError) -> DownloadError {
    match error.code() {
        400 => DownloadError::Gone(error.to_string()),
        401 | 404 => DownloadError::AccountDown(DownReason::CredentialsExpired),
        _ => DownloadError::Failed(error.into()),
    }
}
