use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Chat, Content, ContentKind, DeviceState, Disturbance, DownReason, Health, LinkMethod, Markup,
    MediaSource, MessageId, PhoneNumber, SendError, Sent, Timestamp,
};
use futures::{StreamExt, stream};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Account, Arrival, ButtonLimits, ByteStream, CallbackRefused, CallbackRequest, Callbacks, Capabilities,
    CheckError, CheckLimit, DownloadError, Host, Inbound, InboundMessage, Length, LinkError, LinkProcess,
    LinkRequest, LinkStep, Linked, MediaLimit, NumberCheck, Outbound, Pace, PersonAct, PlayError, Provider,
    Receives, Session, SessionEnd, SettingsError, media_types,
};

type Outcomes = Mutex<VecDeque<Result<Sent, SendError>>>;
type LinkSteps = VecDeque<Result<LinkStep, LinkError>>;

const MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: ContentKind::Image, content_types: media_types::PICTURES, max_bytes: 5 << 20 },
    MediaLimit { kind: ContentKind::Video, content_types: media_types::FILMS, max_bytes: 16 << 20 },
    MediaLimit { kind: ContentKind::Document, content_types: media_types::FILES, max_bytes: 100 << 20 },
    MediaLimit { kind: ContentKind::Audio, content_types: media_types::SOUNDS, max_bytes: 16 << 20 },
];

const BUTTONS: ButtonLimits = ButtonLimits {
    text: Length::characters(1024),
    title: Some(Length::characters(60)),
    footer: Some(Length::characters(60)),
    label: Length::characters(25),
    id: Length::characters(256),
    code: Length::characters(64),
    urls: true,
    codes: true,
    mixed: true,
    media: true,
    best_effort: false,
    joined: false,
};

/// All that there is.
const RECEIVES: Receives = Receives {
    content: &[
        ContentKind::Text,
        ContentKind::Button,
        ContentKind::Image,
        ContentKind::Video,
        ContentKind::Document,
        ContentKind::Audio,
        ContentKind::Voice,
        ContentKind::Sticker,
        ContentKind::Location,
        ContentKind::Contact,
        ContentKind::Reaction,
        ContentKind::Poll,
        ContentKind::PollVote,
        ContentKind::Edited,
        ContentKind::Deleted,
        ContentKind::Unsupported,
    ],
    captioned: &[ContentKind::Image, ContentKind::Video, ContentKind::Document],
    groups: true,
    echoes: true,
    aliases: true,
};

/// A network that does as the test says. All accounts share one script.
pub struct ScriptedProvider {
    capabilities: Capabilities,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    outcomes: Outcomes,
    sent: Mutex<Vec<(MessageId, String, u32)>>,
    contents: Mutex<Vec<Content>>,
    downloads: Mutex<VecDeque<Result<Bytes, DownloadError>>>,
    checks: Mutex<VecDeque<Result<NumberCheck, CheckError>>>,
    checked: Mutex<Vec<String>>,
    signs: Mutex<VecDeque<Result<(), SendError>>>,
    typed: Mutex<Vec<String>>,
    disturbances: Mutex<Vec<(Disturbance, Duration)>>,
    hold: Mutex<bool>,
    calls: Mutex<bool>,
    released: Notify,
    started: watch::Sender<usize>,
    hosts: Mutex<Vec<Arc<dyn Host>>>,
    health: Mutex<Option<Health>>,
    ends: watch::Sender<Option<SessionEnd>>,
    running: watch::Sender<usize>,
    links: Mutex<VecDeque<LinkSteps>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ScriptedProvider {
    /// A provider that accepts everything until told otherwise.
    pub fn new(resend_is_safe: bool) -> Self {
        Self {
            capabilities: Capabilities {
                content: &[
                    ContentKind::Text,
                    ContentKind::Image,
                    ContentKind::Video,
                    ContentKind::Document,
                    ContentKind::Audio,
                    ContentKind::Button,
                ],
                text: Length::characters(4096),
                caption: Length::characters(1024),
                captioned: &[ContentKind::Image, ContentKind::Video, ContentKind::Document],
                markups: &[Markup::Html],
                media: MEDIA,
                buttons: Some(BUTTONS),
                check: Some(CheckLimit { per_minute: 3, per_day: 5 }),
                typing: true,
                resend_is_safe,
                link_methods: LinkMethod::ALL,
                concurrency: 4,
                pace: None,
                window: None,
                human_agent: None,
                receives: RECEIVES,
            },
            shared: Arc::default(),
        }
    }

    /// The same, keeping to this pace.
    #[must_use]
    pub const fn paced(mut self, pace: Pace) -> Self {
        self.capabilities.pace = Some(pace);
        self
    }

    /// The same, for these kinds of content in place of the usual ones.
    #[must_use]
    pub const fn carrying(mut self, content: &'static [ContentKind]) -> Self {
        self.capabilities.content = content;
        self
    }

    /// The same, from which this comes in.
    #[must_use]
    pub const fn telling(mut self, receives: Receives) -> Self {
        self.capabilities.receives = receives;
        self
    }

    /// The same, with windows for free-form messages: of programs, and of people who answer.
    #[must_use]
    pub const fn windowed(mut self, window: Duration, human_agent: Duration) -> Self {
        (self.capabilities.window, self.capabilities.human_agent) = (Some(window), Some(human_agent));
        self
    }

    /// What the next send comes to; several calls queue up. With none queued, sends succeed.
    pub fn next_send(&self, outcome: Result<Sent, SendError>) {
        lock(&self.shared.outcomes).push_back(outcome);
    }

    /// Every attempt so far, in order: id, text, attempt number.
    pub fn attempts(&self) -> Vec<(MessageId, String, u32)> {
        lock(&self.shared.sent).clone()
    }

    /// What each attempt was to send, in order.
    pub fn contents(&self) -> Vec<Content> {
        lock(&self.shared.contents).clone()
    }

    /// What the next download comes to; several calls queue up. With none queued, the bytes are the reference itself.
    pub fn next_download(&self, outcome: Result<Bytes, DownloadError>) {
        lock(&self.shared.downloads).push_back(outcome);
    }

    /// What the next check comes to; several calls queue up. With none queued, everybody is registered.
    pub fn next_check(&self, outcome: Result<NumberCheck, CheckError>) {
        lock(&self.shared.checks).push_back(outcome);
    }

    /// Every number asked about so far, in order.
    pub fn checked(&self) -> Vec<String> {
        lock(&self.shared.checked).clone()
    }

    /// What the next sign of writing comes to; several calls queue up. With none queued, it is shown.
    pub fn next_typing(&self, outcome: Result<(), SendError>) {
        lock(&self.shared.signs).push_back(outcome);
    }

    /// Every chat that was shown that something is being written, in order.
    pub fn typed(&self) -> Vec<String> {
        lock(&self.shared.typed).clone()
    }

    /// What was to happen to its accounts, and for how long, in order. None of it does.
    pub fn disturbances(&self) -> Vec<(Disturbance, Duration)> {
        lock(&self.shared.disturbances).clone()
    }

    /// From now on its network calls us, at `/callbacks/scripted`.
    pub fn calls_us(&self) {
        *lock(&self.shared.calls) = true;
    }

    /// From now on attempts, and checks of numbers, hang until [`Self::release`].
    pub fn hold_sends(&self) {
        *lock(&self.shared.hold) = true;
    }

    /// Lets hanging attempts go on.
    pub fn release(&self) {
        *lock(&self.shared.hold) = false;
        self.shared.released.notify_waiters();
    }

    /// Waits until `count` attempts have begun.
    pub async fn attempts_begun(&self, count: usize) {
        let mut begun = self.shared.started.subscribe();
        let _sender_is_self = begun.wait_for(|begun| *begun >= count).await;
    }

    /// The host of the session opened last, to tell it things as the network would.
    pub fn host(&self) -> Option<Arc<dyn Host>> {
        lock(&self.shared.hosts).last().cloned()
    }

    /// Makes every session report this health from now on, and tells the last host.
    pub async fn set_health(&self, health: Health) {
        *lock(&self.shared.health) = Some(health);
        if let Some(host) = self.host() {
            let _lease_may_be_lost = host.emit(Inbound::Health(health)).await;
        }
    }

    /// Ends every running session; those that begin later are not concerned.
    pub fn end_sessions(&self, end: SessionEnd) {
        self.shared.ends.send_replace(Some(end));
    }

    /// How many sessions run right now, and a way to wait for another number.
    pub fn running(&self) -> watch::Receiver<usize> {
        self.shared.running.subscribe()
    }

    /// The steps of the next linking, in order; several calls queue up. After the last step nothing happens any more, as when
    /// nobody scans. With none queued, a linking shows one QR and is linked.
    pub fn next_link(&self, steps: impl IntoIterator<Item = Result<LinkStep, LinkError>>) {
        lock(&self.shared.links).push_back(steps.into_iter().collect());
    }
}

impl Shared {
    async fn until_released(&self) {
        loop {
            let released = self.released.notified();
            if !*lock(&self.hold) {
                return;
            }
            released.await;
        }
    }
}

#[async_trait]
impl Provider for ScriptedProvider {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn callbacks(&self) -> Option<&dyn Callbacks> {
        let calls = *lock(&self.shared.calls);
        calls.then_some(&ScriptedCallbacks as &dyn Callbacks)
    }

    fn remote_id(&self, message: &MessageId) -> Option<String> {
        self.capabilities.resend_is_safe.then(|| format!("remote-{message}"))
    }

    fn open(&self, _account: Account, host: Arc<dyn Host>) -> Result<Arc<dyn Session>, SettingsError> {
        lock(&self.shared.hosts).push(Arc::clone(&host));
        Ok(Arc::new(ScriptedSession { shared: Arc::clone(&self.shared), host }))
    }

    async fn link(
        &self,
        account: Account,
        _request: LinkRequest,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn LinkProcess>, LinkError> {
        let usual = || {
            let address = account.address.unwrap_or_else(|| "628111111111".to_owned());
            let expires_in = Duration::from_mins(1);
            VecDeque::from([
                Ok(LinkStep::Qr { data: "scripted".to_owned(), expires_in }),
                Ok(LinkStep::Done(Linked { address, name: None })),
            ])
        };
        let steps = lock(&self.shared.links).pop_front().unwrap_or_else(usual);
        Ok(Box::new(ScriptedLink { steps, host }))
    }
}

/// A network that calls `/callbacks/scripted`, signs with `X-Scripted: right`, and has nothing to tell; the token is the setting
/// `verify_token`.
struct ScriptedCallbacks;

impl Callbacks for ScriptedCallbacks {
    fn path(&self) -> &'static str {
        "scripted"
    }

    fn token(&self, account: &Account) -> Option<String> {
        account.settings.get("verify_token").cloned()
    }

    fn handshake(&self, _request: &CallbackRequest, _accounts: &[Account]) -> Option<Bytes> {
        None
    }

    fn named<'a>(&self, _request: &CallbackRequest, _accounts: &'a [Account]) -> Vec<&'a Account> {
        Vec::new()
    }

    fn read(
        &self,
        request: &CallbackRequest,
        _accounts: &[&Account],
    ) -> Result<Vec<Arrival>, CallbackRefused> {
        if request.header("x-scripted") == Some("right") {
            Ok(Vec::new())
        } else {
            Err(CallbackRefused::NotVerified)
        }
    }

    fn seems_signed(&self, request: &CallbackRequest) -> bool {
        request.header("x-scripted").is_some()
    }
}

/// Goes through its steps, then waits for ever. An account that another device has is not linked, whatever the script says.
struct ScriptedLink {
    steps: LinkSteps,
    host: Arc<dyn Host>,
}

#[async_trait]
impl LinkProcess for ScriptedLink {
    async fn next(&mut self) -> Result<LinkStep, LinkError> {
        match self.steps.pop_front() {
            Some(Ok(LinkStep::Done(linked))) => {
                let elsewhere = self.host.is_linked_elsewhere(&linked.address).await;
                if elsewhere.map_err(|error| LinkError::Failed(error.into()))? {
                    return Err(LinkError::Refused(DownReason::AlreadyLinked));
                }
                Ok(LinkStep::Done(linked))
            }
            Some(step) => step,
            None => std::future::pending().await,
        }
    }
}

/// Counts a running session, however it ends.
struct Running<'s>(&'s watch::Sender<usize>);

impl<'s> Running<'s> {
    fn new(count: &'s watch::Sender<usize>) -> Self {
        count.send_modify(|running| *running += 1);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

/// A session of [`ScriptedProvider`].
pub struct ScriptedSession {
    shared: Arc<Shared>,
    host: Arc<dyn Host>,
}

#[async_trait]
impl Session for ScriptedSession {
    async fn run(&self, stop: CancellationToken) -> SessionEnd {
        let mut ends = self.shared.ends.subscribe();
        let _counted = Running::new(&self.shared.running);
        if self.host.emit(Inbound::Health(self.health())).await.is_err() {
            return SessionEnd::Lost(DownReason::HeldByAnotherNode);
        }
        tokio::select! {
            () = stop.cancelled() => SessionEnd::Stopped,
            // The sender is shared with this session and cannot be gone.
            _ = ends.changed() => (*ends.borrow()).unwrap_or(SessionEnd::Stopped),
        }
    }

    fn health(&self) -> Health {
        lock(&self.shared.health).unwrap_or_else(|| Health::new(DeviceState::Connected, None))
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let text = message.content.text().unwrap_or_default().to_owned();
        lock(&self.shared.sent).push((message.id.clone(), text, message.attempt));
        lock(&self.shared.contents).push(message.content.clone());
        self.shared.started.send_modify(|begun| *begun += 1);
        self.shared.until_released().await;
        let outcome = lock(&self.shared.outcomes).pop_front();
        outcome.unwrap_or_else(|| Ok(Sent { remote_id: format!("remote-{}", message.id) }))
    }

    async fn check(&self, number: &PhoneNumber) -> Result<NumberCheck, CheckError> {
        lock(&self.shared.checked).push(number.as_str().to_owned());
        self.shared.until_released().await;
        let outcome = lock(&self.shared.checks).pop_front();
        outcome.unwrap_or_else(|| {
            Ok(NumberCheck { is_registered: true, jid: Some(format!("{number}@scripted")) })
        })
    }

    async fn typing(&self, chat: &Chat) -> Result<(), SendError> {
        lock(&self.shared.typed).push(chat.to_string());
        lock(&self.shared.signs).pop_front().unwrap_or(Ok(()))
    }

    async fn download(&self, reference: &str) -> Result<ByteStream, DownloadError> {
        let outcome = lock(&self.shared.downloads).pop_front();
        let bytes = outcome.unwrap_or_else(|| Ok(Bytes::copy_from_slice(reference.as_bytes())))?;
        Ok(stream::once(async { Ok(bytes) }).boxed())
    }

    async fn play(&self, act: PersonAct) -> Result<(), PlayError> {
        let PersonAct {
            from,
            from_alias,
            number: _,
            sender_name,
            chat,
            group,
            remote_id,
            mut content,
            reply_to,
        } = act;
        if let Some(media) = content.media_mut()
            && let Some(id) = media.stored()
        {
            // What `download` gives is this text, unless the test says otherwise.
            media.source = MediaSource::Network(id.to_string());
        }
        let message = InboundMessage {
            remote_id,
            chat,
            echo: from.is_none(),
            from: from.unwrap_or_else(|| Chat::new("628111111111")),
            from_alias,
            group,
            sender_name: sender_name.or_else(|| Some("Scripted".to_owned())),
            content,
            reply_to,
            raw: None,
            sent_at: Timestamp::from_secs(1_709_650_000),
        };
        Ok(self.host.emit(Inbound::Message(message)).await?)
    }

    async fn disturb(&self, what: Disturbance, lasts: Duration) -> Result<(), PlayError> {
        lock(&self.shared.disturbances).push((what, lasts));
        Ok(())
    }

    async fn logout(&self) -> Result<(), SendError> {
        Ok(())
    }
}
