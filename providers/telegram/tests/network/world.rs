//! A bot of ours, its session, and what the session tells.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Channel, Chat, Clock, Content, DeviceState, Health, IdSource, Language, MessageId, SendError, Sent,
};
use cetar_provider::{
    Account, Host as _, HostError, Inbound, InboundMessage, NotLocated, Outbound, Provider, SavedState,
    Session, SessionEnd, http,
    testkit::{ManualClock, MemoryHost},
};
use cetar_simulator_bot_api::{Bot, BotApi};
use cetar_telegram::{Settings, Telegram};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Longer than anything takes that happens at all.
const LONGEST: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) telegram: BotApi,
    pub(crate) bot: Bot,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) host: Arc<MemoryHost>,
    pub(crate) session: Arc<dyn Session>,
    provider: Telegram,
    told: mpsc::UnboundedReceiver<Inbound>,
    ids: IdSource,
    stop: CancellationToken,
    running: JoinSet<SessionEnd>,
}

/// Reads what a session has saved.
struct Saved<'h>(&'h MemoryHost);

#[async_trait]
impl SavedState for Saved<'_> {
    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<Bytes>, HostError> {
        self.0.load(collection, key).await
    }
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LONGEST, future).await;
    done.unwrap_or_else(|_| panic!("{what} did not happen"))
}

/// Lets time pass until this has happened.
pub(crate) async fn while_time_passes<T>(clock: Arc<ManualClock>, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    within("something by the clock", async {
        loop {
            tokio::select! {
                biased;
                done = &mut future => return done,
                () = tokio::task::yield_now() => clock.advance(Duration::from_secs(1)),
            }
        }
    })
    .await
}

pub(crate) fn http_client() -> http::Client {
    let allow = vec!["127.0.0.1/32".parse().unwrap()];
    http::Client::new(http::Options { allow, ..http::Options::default() }).unwrap()
}

pub(crate) fn text(text: &str) -> Content {
    Content::Text { text: text.to_owned() }
}

impl World {
    /// A bot that runs.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with further settings.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_at(None, settings).await
    }

    /// The same on a server that is reached at this address.
    pub(crate) async fn start_at(public_url: Option<&str>, settings: &[(&str, &str)]) -> Self {
        Self::start_in(Language::Indonesian, public_url, settings).await
    }

    /// The same in a workspace of this language.
    pub(crate) async fn start_in(
        language: Language,
        public_url: Option<&str>,
        settings: &[(&str, &str)],
    ) -> Self {
        let telegram = BotApi::start().await;
        let bot = telegram.bot("toko_bot");
        let clock = Arc::new(ManualClock::default());
        let (host, told) = MemoryHost::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let api = Settings {
            api_url: telegram.url(),
            public_url: public_url.map(str::to_owned),
            answer: Duration::from_millis(500),
            ..Settings::default()
        };
        let provider = Telegram::new(http_client(), api, Arc::clone(&clock) as Arc<dyn Clock>);
        let ids = IdSource::new(|bytes| bytes.fill(3));
        let account = Account { language, ..account(&ids, &clock, &bot, settings) };
        let session = provider.open(account, Arc::clone(&host) as _).unwrap();
        let (stop, running) = (CancellationToken::new(), JoinSet::new());
        let mut world = Self { telegram, bot, clock, host, session, provider, told, ids, stop, running };
        world.run();
        world.health_is(DeviceState::Connected).await;
        world
    }

    /// The bot's, with these settings beside its token.
    pub(crate) fn account(&self, settings: &[(&str, &str)]) -> Account {
        account(&self.ids, &self.clock, &self.bot, settings)
    }

    fn run(&mut self) {
        let (session, stop) = (Arc::clone(&self.session), self.stop.clone());
        self.running.spawn(async move { session.run(stop).await });
    }

    /// The process ends without a word, and another begins.
    pub(crate) async fn restart(&mut self) {
        self.running.shutdown().await;
        self.run();
    }

    /// What the session told next.
    pub(crate) async fn next(&mut self) -> Inbound {
        within("something to be told", self.told.recv()).await.unwrap()
    }

    /// The next message it told of, whatever health it told meanwhile.
    pub(crate) async fn message(&mut self) -> InboundMessage {
        loop {
            if let Inbound::Message(message) = self.next().await {
                return message;
            }
        }
    }

    /// Waits until it tells this state.
    pub(crate) async fn health_is(&mut self, state: DeviceState) -> Health {
        loop {
            if let Inbound::Health(health) = self.next().await
                && health.state == state
            {
                return health;
            }
        }
    }

    /// How the session ended.
    pub(crate) async fn end(&mut self) -> SessionEnd {
        within("the session to end", self.running.join_next()).await.unwrap().unwrap()
    }

    pub(crate) fn outbound(&self, to: impl ToString + Copy, content: Content) -> Outbound {
        let id: MessageId = self.ids.make(self.clock.now());
        Outbound { id, to: Chat::new(to.to_string()), content, reply_to: None, tag: None, attempt: 1 }
    }

    pub(crate) async fn send(&self, to: impl ToString + Copy, content: Content) -> Result<Sent, SendError> {
        let message = self.outbound(to, content);
        within("an attempt", self.session.send(&message)).await
    }

    pub(crate) async fn locate(&self, to: &str) -> Result<String, NotLocated> {
        let chat = self.provider.locate(&Chat::new(to), &Saved(&self.host)).await?;
        Ok(chat.to_string())
    }

    pub(crate) const fn provider(&self) -> &Telegram {
        &self.provider
    }

    /// Keeps a medium for a message to send.
    pub(crate) fn medium(&self, content_type: &str, bytes: &[u8]) -> cetar_model::Media {
        let id: cetar_model::MediaId = self.ids.make(self.clock.now());
        self.host.keep(id.clone(), Bytes::copy_from_slice(bytes));
        cetar_model::Media {
            content_type: Some(content_type.to_owned()),
            size: Some(bytes.len() as u64),
            ..cetar_model::Media::of(cetar_model::MediaSource::Stored(id))
        }
    }
}

fn account(ids: &IdSource, clock: &ManualClock, bot: &Bot, settings: &[(&str, &str)]) -> Account {
    let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Account {
        device: ids.make(clock.now()),
        channel: Channel::Telegram,
        address: None,
        settings: std::iter::once(("token".to_owned(), bot.token().to_owned())).chain(own).collect(),
        language: Language::Indonesian,
        credentials_until: None,
    }
}
