//! One linked account, live.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Channel, Chat, Content, DeviceState, DownReason, FailureCode, Health, MessageId, PhoneNumber, SendError,
    Sent, Timestamp,
};
use cetar_provider::{
    ByteStream, CheckError, DownloadError, Host, HostError, Inbound, NumberCheck, Outbound, RenewedSetting,
    Session, SessionEnd, StateWrite,
};
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    cloud_api,
    errors::{self, Verdict},
    graph::{Failed, Graph},
    media, messaging,
    part::PARTS,
    settings::{Credentials, Login, Settings},
    templates, token,
};

/// How often Meta is asked whether the account still stands, while all is well.
const LOOK: Duration = Duration::from_mins(5);
/// … while it does not answer.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How often Meta is asked how long the token lasts.
const TOKEN: Duration = Duration::from_hours(1);
/// How often all templates are asked for.
const TEMPLATES: Duration = Duration::from_hours(1);
/// … after that came to nothing.
const TEMPLATES_AGAIN: Duration = Duration::from_mins(5);
/// For so long the notes of parts that are out stay, if the rest never went out: as long as somebody may retry the message.
const PARTS_KEPT: Duration = Duration::from_hours(90 * 24);
/// How often it is looked for older ones.
const PARTS_LOOK: Duration = Duration::from_hours(24);
/// Where the names of people are kept.
const NAMES: &str = "names";
/// Whose name Meta does not tell is not asked about again for so long.
const NAMELESS: Duration = Duration::from_hours(1);
/// So many of them are remembered.
const MANY_NAMELESS: usize = 10_000;

pub(crate) struct MetaSession {
    settings: Settings,
    account: Credentials,
    /// Another one once the token was renewed.
    graph: Mutex<Arc<Graph>>,
    host: Arc<dyn Host>,
    health: Mutex<Health>,
    /// When Meta was asked last how long the token lasts.
    token_asked: Mutex<Option<Timestamp>>,
    /// Whose name Meta would not tell, and when.
    nameless: Mutex<HashMap<Chat, Timestamp>>,
    /// A send found the account down.
    found_down: Notify,
}

impl MetaSession {
    /// `until`: when the token ends, by what was found out before. It stands until Meta says another.
    pub(crate) fn new(
        settings: &Settings,
        account: Credentials,
        until: Option<Timestamp>,
        host: Arc<dyn Host>,
    ) -> Self {
        let health = Health { credentials_until: until, ..Health::new(DeviceState::Connecting, None) };
        Self {
            graph: Mutex::new(Arc::new(Graph::new(settings, &account))),
            settings: settings.clone(),
            account,
            host,
            health: Mutex::new(health),
            token_asked: Mutex::default(),
            nameless: Mutex::default(),
            found_down: Notify::new(),
        }
    }

    /// Whether Meta has said lately that it will not tell this person's name.
    fn is_nameless(&self, person: &Chat) -> bool {
        let nameless = self.nameless.lock().unwrap_or_else(PoisonError::into_inner);
        nameless.get(person).is_some_and(|at| self.settings.clock.now().since(*at) < NAMELESS)
    }

    fn note_nameless(&self, person: &Chat) {
        let now = self.settings.clock.now();
        let mut nameless = self.nameless.lock().unwrap_or_else(PoisonError::into_inner);
        if nameless.len() >= MANY_NAMELESS {
            nameless.retain(|_, at| now.since(*at) < NAMELESS);
        }
        if nameless.len() < MANY_NAMELESS {
            nameless.insert(person.clone(), now);
        }
    }

    fn graph(&self) -> Arc<Graph> {
        Arc::clone(&self.graph.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how it is; tells the host where that is new.
    async fn set(
        &self,
        state: DeviceState,
        reason: Option<DownReason>,
        credentials_until: Option<Timestamp>,
    ) -> Result<(), HostError> {
        let new = {
            let mut health = self.lock();
            let before = (health.state, health.reason, health.credentials_until);
            (health.state, health.reason) = (state, reason);
            health.credentials_until = credentials_until;
            (before != (state, reason, credentials_until)).then_some(*health)
        };
        match new {
            Some(health) => self.host.emit(Inbound::Health(health)).await,
            None => Ok(()),
        }
    }

    /// Meta answered, whatever it said.
    fn answered(&self) {
        let now = Some(self.host.now());
        let mut health = self.lock();
        (health.last_frame_at, health.last_ack_at) = (now, now);
    }

    /// Asks Meta whether the account stands. `Some`: it does not, until a person acts.
    async fn look(&self) -> Result<Option<DownReason>, HostError> {
        let is_number = self.account.channel == Channel::WhatsappOfficial;
        let fields = if is_number { "id,throughput" } else { "id" };
        let mut token = self.lock().credentials_until;
        let well = |token| (DeviceState::Connected, token::warning(token, self.settings.clock.now()));
        let (state, reason) = match self.graph().get(&format!("{}?fields={fields}", self.account.id)).await {
            Ok(told) => {
                self.answered();
                if is_number {
                    let rate = crate::account_rate(told["throughput"]["level"].as_str());
                    self.host.emit(Inbound::AccountRate(rate)).await?;
                }
                token = self.token_end(token).await?;
                well(token)
            }
            Err(Failed::NotSent(_) | Failed::Unknown(_)) => {
                (DeviceState::Degraded, Some(DownReason::NoAnswer))
            }
            Err(Failed::Refused(refusal)) => {
                self.answered();
                let channel = self.account.channel;
                if refusal.code == errors::UNKNOWN_PATH {
                    // No token helps against a slip in the configuration.
                    tracing::error!(
                        detail = refusal.detail,
                        "Meta does not serve this: look at meta.graph_version"
                    );
                    self.set(DeviceState::Degraded, Some(DownReason::NoAnswer), token).await?;
                    return Ok(None);
                }
                match errors::verdict(channel, refusal.code, refusal.subcode) {
                    Some(Verdict::Account(reason)) => return Ok(Some(reason)),
                    // It speaks to us; that it will not answer this now says nothing of sends.
                    Some(Verdict::Later(_) | Verdict::Again) => well(token),
                    Some(Verdict::Never(_)) | None if refusal.status < 500 => {
                        return Ok(Some(DownReason::CredentialsExpired));
                    }
                    Some(Verdict::Never(_)) | None => (DeviceState::Degraded, Some(DownReason::NoAnswer)),
                }
            }
        };
        self.set(state, reason, token).await?;
        Ok(None)
    }

    /// When the token ends, as far as it is known; looked after every hour.
    async fn token_end(&self, known: Option<Timestamp>) -> Result<Option<Timestamp>, HostError> {
        let now = self.settings.clock.now();
        {
            let mut asked = self.token_asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.is_some_and(|at| now.since(at) < TOKEN) {
                return Ok(known);
            }
            *asked = Some(now);
        }
        let graph = self.graph();
        if self.account.login == Login::Instagram {
            let renewal = token::renewed(&graph, &*self.host).await?;
            if let Some(is) = renewal.token {
                let was = graph.token().to_owned();
                *self.graph.lock().unwrap_or_else(PoisonError::into_inner) =
                    Arc::new(graph.with_token(is.clone()));
                let renewed = RenewedSetting { name: "access_token", was, is };
                self.host.emit(Inbound::Renewed(renewed)).await?;
            }
            return Ok(renewal.until);
        }
        match token::end(&graph, &self.account).await {
            Ok(end) => Ok(end),
            // Sends do not need it.
            Err(error) => {
                tracing::debug!(?error, "how long the token lasts could not be asked");
                Ok(known)
            }
        }
    }

    /// Tells the host of all templates; when to do so again.
    async fn templates(&self, waba: &str) -> Result<Timestamp, HostError> {
        let asked_at = self.settings.clock.now();
        match templates::list(&self.graph(), waba, None).await {
            Ok(templates) => {
                self.host.emit(Inbound::Templates { templates, asked_at }).await?;
                Ok(asked_at + TEMPLATES)
            }
            // A token without the right to manage says so every time; sends do not need it.
            Err(error) => {
                tracing::debug!(?error, "templates could not be asked for");
                Ok(asked_at + TEMPLATES_AGAIN)
            }
        }
    }

    /// Of messages whose rest never went out, the parts that did.
    async fn forget_parts(&self) -> Result<(), HostError> {
        let oldest = MessageId::not_before(self.settings.clock.now() - PARTS_KEPT);
        let noted = self.host.load_all(PARTS).await?.into_iter().map(|(key, _)| key);
        let old = noted.filter(|key| &key[..] < oldest.as_bytes());
        let gone: Vec<_> = old.map(|key| StateWrite::Delete { collection: PARTS, key }).collect();
        if gone.is_empty() { Ok(()) } else { self.host.save(gone).await }
    }

    async fn live(&self, stop: &CancellationToken) -> Result<SessionEnd, HostError> {
        let mut templates_at = self.settings.clock.now();
        let mut parts_at = templates_at;
        loop {
            if self.settings.clock.now() >= parts_at {
                self.forget_parts().await?;
                parts_at = self.settings.clock.now() + PARTS_LOOK;
            }
            if let Some(reason) = self.look().await? {
                return Ok(SessionEnd::Ended(reason));
            }
            if let Some(waba) = &self.account.waba
                && self.settings.clock.now() >= templates_at
                && self.lock().state == DeviceState::Connected
            {
                let asked = stop.run_until_cancelled(self.templates(waba)).await;
                let Some(next) = asked.transpose()? else { return Ok(SessionEnd::Stopped) };
                templates_at = next;
            }
            let well = self.lock().state == DeviceState::Connected;
            let clock = &self.settings.clock;
            let next = clock.now() + if well { LOOK } else { LOOK_AGAIN };
            tokio::select! {
                () = stop.cancelled() => return Ok(SessionEnd::Stopped),
                () = self.found_down.notified() => {}
                () = clock.sleep_until(next) => {}
            }
        }
    }

    /// The parts of a message, its medium with Meta.
    async fn prepare(&self, message: &Outbound) -> Result<Vec<String>, SendError> {
        let content = &message.content;
        let bodies = if self.account.channel == Channel::WhatsappOfficial {
            let uploaded = match content.media() {
                Some(medium) => {
                    Some(media::upload(&self.graph(), &*self.host, &self.account.id, medium).await?)
                }
                None => None,
            };
            cloud_api::bodies(message, uploaded.as_ref())
        } else {
            let link = content.media().and_then(|medium| self.host.media_link(medium.stored()?));
            messaging::bodies(self.account.channel, message, link.as_deref())
        };
        bodies.ok_or_else(|| SendError::Rejected {
            code: FailureCode::ContentNotSupported,
            provider_code: None,
            detail: None,
        })
    }

    /// Sends one part; Meta's id of it.
    async fn part(&self, body: String) -> Result<String, SendError> {
        // Of a page and of an Instagram account the token says whose it is.
        let path = match self.account.channel {
            Channel::WhatsappOfficial => format!("{}/messages", self.account.id),
            _ => "me/messages".to_owned(),
        };
        let answer = self.graph().post(&path, body).await;
        if !matches!(answer, Err(Failed::NotSent(_))) {
            self.answered();
        }
        let answer = answer.map_err(|failed| self.graph().send_error(failed))?;
        let id = answer["messages"][0]["id"].as_str().or(answer["message_id"].as_str());
        // A read mark is answered with `success`, and has no id.
        let id = id.or_else(|| (answer["success"] == true).then_some("seen"));
        id.map(str::to_owned).ok_or_else(|| SendError::Unknown("Meta answered without an id".into()))
    }

    /// The ids of the parts that went out in earlier attempts.
    async fn parts_out(&self, key: &Bytes) -> Result<Vec<String>, SendError> {
        let noted = self.host.load(PARTS, key).await.map_err(|error| SendError::NotSent(error.into()))?;
        Ok(noted.and_then(|noted| serde_json::from_slice(&noted).ok()).unwrap_or_default())
    }

    async fn send_parts(&self, message: &Outbound, bodies: Vec<String>) -> Result<String, SendError> {
        let key = Bytes::copy_from_slice(message.id.as_str().as_bytes());
        let several = bodies.len() > 1;
        let mut out = if several { self.parts_out(&key).await? } else { Vec::new() };
        let (mut noted, count) = (true, bodies.len());
        for body in bodies.into_iter().skip(out.len()) {
            match self.part(body).await {
                Ok(id) => out.push(id),
                // What is out and not noted would go out again with the next attempt.
                Err(_) if !noted => {
                    return Err(SendError::Unknown("a first part is out, a later one is not".into()));
                }
                Err(error) if out.is_empty() => return Err(error),
                Err(error) => return Err(SendError::Partly(Box::new(error))),
            }
            if out.len() < count {
                let value = serde_json::to_vec(&out).unwrap_or_default().into();
                let write = StateWrite::Put { collection: PARTS, key: key.clone(), value };
                noted = self.host.save(vec![write]).await.is_ok();
            }
        }
        if several {
            let done = StateWrite::Delete { collection: PARTS, key };
            if let Err(error) = self.host.save(vec![done]).await {
                tracing::debug!(%error, "a note of parts could not be removed");
            }
        }
        Ok(out.into_iter().next().unwrap_or_default())
    }
}

#[async_trait]
impl Session for MetaSession {
    async fn run(&self, stop: CancellationToken) -> SessionEnd {
        let end = match self.live(&stop).await {
            Ok(end) => end,
            Err(HostError::LeaseLost) => SessionEnd::Lost(DownReason::HeldByAnotherNode),
            Err(HostError::Unavailable(_)) => SessionEnd::Lost(DownReason::Disconnected),
        };
        let mut health = self.lock();
        match end {
            SessionEnd::Ended(reason) => {
                (health.state, health.reason) = (DeviceState::LoggedOut, Some(reason));
            }
            SessionEnd::Lost(_) | SessionEnd::Stopped => {
                (health.state, health.reason) = (DeviceState::Connecting, Some(DownReason::Disconnected));
            }
        }
        end
    }

    fn health(&self) -> Health {
        *self.lock()
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let health = self.health();
        if !health.state.can_send() {
            return Err(SendError::AccountDown(health.reason.unwrap_or(DownReason::Disconnected)));
        }
        let bodies = self.prepare(message).await?;
        let sent = self.send_parts(message, bodies).await;
        let rest = match &sent {
            Err(SendError::Partly(rest)) => Some(&**rest),
            whole => whole.as_ref().err(),
        };
        if let Some(SendError::AccountDown(_)) = rest {
            // The next look says the same, and ends the session.
            self.found_down.notify_one();
        }
        let remote_id = sent?;
        Ok(match &message.content {
            // Nothing of ours is out there: no status will ever speak of it.
            Content::Seen { .. } => Sent { remote_id: message.id.to_string() },
            _ => Sent { remote_id },
        })
    }

    async fn check(&self, _number: &PhoneNumber) -> Result<NumberCheck, CheckError> {
        Err(CheckError::NotSupported)
    }

    async fn download(&self, reference: &str) -> Result<ByteStream, DownloadError> {
        media::download(&self.graph(), &self.account.id, reference, &self.settings.graph_url).await
    }

    async fn name_of(&self, person: &Chat) -> Option<String> {
        let fields = match self.account.channel {
            Channel::Messenger => "first_name,last_name",
            Channel::Instagram => "name,username",
            Channel::Whatsapp | Channel::WhatsappOfficial | Channel::Telegram => return None,
        };
        let key = Bytes::copy_from_slice(person.as_str().as_bytes());
        if let Ok(Some(known)) = self.host.load(NAMES, &key).await {
            return String::from_utf8(known.into()).ok();
        }
        if self.is_nameless(person) {
            return None;
        }
        // It fails without the person's consent: then there is no name. What is not answered at all is asked again.
        let told = match self.graph().get(&format!("{}?fields={fields}", person.as_str())).await {
            Ok(told) => name(&told),
            Err(Failed::Refused(_)) => None,
            Err(Failed::NotSent(_) | Failed::Unknown(_)) => return None,
        };
        let Some(name) = told else {
            self.note_nameless(person);
            return None;
        };
        let value = Bytes::from(name.clone());
        let kept = self.host.save(vec![StateWrite::Put { collection: NAMES, key, value }]).await;
        if let Err(error) = kept {
            tracing::debug!(%error, "a name could not be kept; it is asked for again");
        }
        Some(name)
    }

    async fn logout(&self) -> Result<(), SendError> {
        // The token is its owner's to revoke; what we know of the account is forgotten here.
        Ok(())
    }
}

fn name(told: &Value) -> Option<String> {
    let text = |name: &str| told[name].as_str().filter(|text| !text.is_empty());
    let whole = [text("first_name"), text("last_name")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let whole = Some(whole).filter(|whole| !whole.is_empty());
    whole.or_else(|| text("name").or(text("username")).map(str::to_owned))
}
