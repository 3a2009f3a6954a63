use cetar_model::{Clock, MediaId, Timestamp};
use cetar_provider::{
    Host, StateWrite, StoredMedia,
    testkit::{ManualClock, MemoryHost},
};
use tokio::sync::mpsc::UnboundedReceiver;
use wacore::{
    store::traits::ProtocolStore,
    types::{events::UnavailableType, message::MessageSource},
};
use waproto::whatsapp as wa;
use whatsapp_rust::buffa::MessageField;

use super::*;
use crate::transport::WireState;

const PATIENCE: Duration = Duration::from_mins(2);

struct Setting {
    clock: Arc<ManualClock>,
    host: Arc<MemoryHost>,
    told: UnboundedReceiver<Inbound>,
}

impl Setting {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let (host, told) = MemoryHost::new(Arc::clone(&clock) as Arc<dyn Clock>);
        Self { clock, host, told }
    }

    async fn inbox(&self) -> Inbox {
        let (store, _resolved) = SessionStore::open(self.host.clone()).await.unwrap();
        let unread = store.unreadable().await.unwrap();
        Inbox::new(store, Arc::default(), "62999".into(), unread, mpsc::unbounded_channel().0)
    }

    fn message(&mut self) -> Option<InboundMessage> {
        match self.told.try_recv().ok()? {
            Inbound::Message(message) => Some(message),
            other => panic!("{other:?}"),
        }
    }
}

/// Takes everything but one message.
struct Choosy {
    inner: Arc<MemoryHost>,
    refuses: &'static str,
}

#[async_trait]
impl Host for Choosy {
    async fn emit(&self, event: Inbound) -> Result<(), HostError> {
        match &event {
            Inbound::Message(message) if message.remote_id == self.refuses => {
                Err(HostError::Unavailable("it cannot be stored".into()))
            }
            _ => self.inner.emit(event).await,
        }
    }
    async fn load(&self, collection: &str, key: &[u8]) -> Result<Option<Bytes>, HostError> {
        self.inner.load(collection, key).await
    }
    async fn load_all(&self, collection: &str) -> Result<Vec<(Bytes, Bytes)>, HostError> {
        self.inner.load_all(collection).await
    }
    async fn save(&self, batch: Vec<StateWrite>) -> Result<(), HostError> {
        self.inner.save(batch).await
    }
    async fn media(&self, id: &MediaId) -> Result<StoredMedia, HostError> {
        self.inner.media(id).await
    }
    fn now(&self) -> Timestamp {
        self.inner.now()
    }
}

fn info(id: &str) -> Arc<MessageInfo> {
    Arc::new(MessageInfo {
        id: id.into(),
        push_name: "Siti".into(),
        source: MessageSource {
            chat: "6281@s.whatsapp.net".parse().unwrap(),
            sender: "6281:4@s.whatsapp.net".parse().unwrap(),
            ..Default::default()
        },
        ..Default::default()
    })
}

fn unreadable(id: &str, mode: DecryptFailMode) -> events::UndecryptableMessage {
    events::UndecryptableMessage::builder()
        .info(info(id))
        .is_unavailable(false)
        .unavailable_type(UnavailableType::Unknown)
        .decrypt_fail_mode(mode)
        .build()
}

fn text(id: &str) -> WireMessage {
    let message = wa::Message { conversation: Some("halo".into()), ..Default::default() };
    WireMessage::builder().message(Arc::new(message)).info(info(id)).build()
}

#[tokio::test]
async fn a_message_that_stays_unreadable_is_told_as_such_even_by_the_next_process() {
    let mut setting = Setting::new();
    setting.inbox().await.could_not_read(&unreadable("A", DecryptFailMode::Show)).await.unwrap();
    assert_eq!(setting.inbox().await.tell_unreadable(PATIENCE).await.unwrap(), 0);
    setting.clock.advance(PATIENCE);
    let inbox = setting.inbox().await;
    assert_eq!(inbox.tell_unreadable(PATIENCE).await.unwrap(), 1);
    let told = setting.message().unwrap();
    assert_eq!((told.remote_id.as_str(), told.chat.as_str()), ("A#undecryptable", "6281"));
    assert!(matches!(told.content, Content::Unsupported { kind } if kind == "undecryptable"));
    assert_eq!(setting.inbox().await.tell_unreadable(PATIENCE).await.unwrap(), 0);
    // Should it come after all, it is told under its own id.
    inbox.take(&text("A")).await.unwrap();
    assert_eq!(setting.message().unwrap().remote_id, "A");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_alone_is_refused_keeps_nothing_back_that_is_behind_it() {
    let (inner, mut told) = MemoryHost::new(Arc::new(ManualClock::default()));
    let host = Arc::new(Choosy { inner, refuses: "B" });
    let (store, _resolved) = SessionStore::open(host).await.unwrap();
    let inbox = Inbox::new(store, Arc::default(), "62999".into(), Vec::new(), mpsc::unbounded_channel().0);
    let taken = TakeIn(Arc::new(inbox)).take_all(&[text("A"), text("B"), text("C")]).await;
    assert!(matches!(taken, Err(NotTaken::Host(HostError::Unavailable(_)))), "{taken:?}");
    for expected in ["A", "C"] {
        let Ok(Inbound::Message(message)) = told.try_recv() else { panic!("{expected} was not told") };
        assert_eq!(message.remote_id, expected);
    }
}

#[tokio::test]
async fn a_message_that_is_repeated_in_time_is_told_once() {
    let mut setting = Setting::new();
    let inbox = setting.inbox().await;
    inbox.could_not_read(&unreadable("A", DecryptFailMode::Show)).await.unwrap();
    inbox.take(&text("A")).await.unwrap();
    assert_eq!(setting.message().unwrap().remote_id, "A");
    setting.clock.advance(PATIENCE);
    assert_eq!(inbox.tell_unreadable(PATIENCE).await.unwrap(), 0);
    assert_eq!(setting.inbox().await.tell_unreadable(PATIENCE).await.unwrap(), 0);
    assert!(setting.message().is_none());
}

#[tokio::test]
async fn of_a_message_that_is_nowhere_its_sender_is_told_but_not_of_the_machinery_of_the_account_itself() {
    let mut setting = Setting::new();
    let inbox = setting.inbox().await;
    let missed = |info| WireMessage::builder().message(Arc::new(convert::missed())).info(info).build();
    let mut own = MessageInfo::clone(&info("A"));
    own.source.is_from_me = true;
    inbox.take(&missed(Arc::new(own))).await.unwrap();
    assert!(setting.message().is_none());
    inbox.take(&missed(info("B"))).await.unwrap();
    let told = setting.message().unwrap();
    assert_eq!((told.remote_id.as_str(), told.chat.as_str(), told.raw), ("B", "6281", None));
    assert_eq!(told.content, Content::Unsupported { kind: "undecryptable".to_owned() });
}

#[tokio::test]
async fn a_repeat_of_what_told_nobody_anything_is_no_missed_message_to_the_next_process() {
    let mut setting = Setting::new();
    let (chat, sender) = ("6281@s.whatsapp.net", "6281:4@s.whatsapp.net");
    let timer = wa::Message {
        protocol_message: MessageField::some(wa::message::ProtocolMessage {
            r#type: Some(wa::message::protocol_message::Type::EPHEMERAL_SETTING),
            ..Default::default()
        }),
        ..Default::default()
    };
    let before = setting.inbox().await;
    before.take(&WireMessage::builder().message(Arc::new(timer)).info(info("A")).build()).await.unwrap();
    before.take(&text("B")).await.unwrap();
    for id in ["A", "B"] {
        before.store.delete_pending_inbound(chat, sender, id).await.unwrap();
    }
    assert_eq!(setting.message().unwrap().remote_id, "B");
    // The process ends before WhatsApp is told.
    let after = setting.inbox().await;
    after.store.runs_on(WireState::new());
    let repeat = |id| after.store.get_pending_inbound(chat, sender, id);
    assert_eq!(repeat("A").await.unwrap(), None, "acknowledged, and nobody is told");
    repeat("B").await.expect_err("the host will know it, if it had it");
    after.store.delete_expired_pending_inbound(i64::MAX).await.unwrap();
    repeat("A").await.expect_err("not for ever");
}

#[tokio::test]
async fn of_a_kind_nobody_knows_people_are_told_but_not_what_the_accounts_own_devices_say() {
    let mut setting = Setting::new();
    let inbox = setting.inbox().await;
    let new = |info| WireMessage::builder().message(Arc::default()).info(info).build();
    inbox.take(&new(info("A"))).await.unwrap();
    let told = setting.message().unwrap();
    assert_eq!((told.content, told.raw), (Content::Unsupported { kind: "unknown".into() }, None));
    let mut own = MessageInfo::clone(&info("B"));
    own.source.is_from_me = true;
    inbox.take(&new(Arc::new(own.clone()))).await.unwrap();
    assert!(setting.message().is_none(), "a chat with itself");
    own.source.sender = "62999@s.whatsapp.net".parse().unwrap();
    inbox.take(&new(Arc::new(own))).await.unwrap();
    assert!(setting.message().unwrap().echo, "what the owner wrote to somebody");
}

#[tokio::test]
async fn what_its_sender_says_nobody_misses_is_not_told() {
    let mut setting = Setting::new();
    let inbox = setting.inbox().await;
    inbox.could_not_read(&unreadable("A", DecryptFailMode::Hide)).await.unwrap();
    setting.clock.advance(PATIENCE);
    assert_eq!(inbox.tell_unreadable(PATIENCE).await.unwrap(), 0);
    assert!(setting.message().is_none());
}

#[test]
fn an_acknowledgement_nobody_waits_for_is_told_as_a_receipt() {
    let now = Timestamp::from_secs(5);
    let ack = |error: Option<&str>| {
        let ack =
            events::ServerAck::builder().id("3EB0".into()).maybe_error(error.map(str::to_owned)).build();
        let told = late_ack(&ack, now);
        told.map(|told| (told.receipt, told.failure, told.at))
    };
    assert_eq!(ack(None), Some((Receipt::Accepted, None, now)));
    let restricted = (cetar_model::FailureCode::AccountRestricted, Some("463".to_owned()));
    assert_eq!(ack(Some("463")), Some((Receipt::Failed, Some(restricted), now)));
    assert_eq!((ack(Some("429")), ack(Some("503"))), (None, None), "the next attempt will tell");
}
