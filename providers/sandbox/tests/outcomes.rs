//! Every outcome a message can have, by its recipient, as the gateway sees it.
#![expect(clippy::unwrap_used, reason = "in a test, helpers included, a panic is a failure")]

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Button, Buttons, Channel, Chat, Clock, Content, Decision, DownReason, IdSource, LinkMethod, MAX_ATTEMPTS,
    Media, MediaId, MediaSource, MessageId, PhoneNumber, SendError, Timestamp, decide,
};
use cetar_provider::{
    Account, DownloadError, Host, HostError, Inbound, LinkError, LinkRequest, LinkStep, Outbound, Provider,
    Session, SessionEnd, StateWrite, StoredMedia,
    testkit::{ManualClock, MemoryHost},
};
use cetar_sandbox::Sandbox;
use futures::TryStreamExt;
use rstest::rstest;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

const TICK: Duration = Duration::from_millis(100);

/// The gateway's part, reduced to what decides: send, follow the retry policy, write down what is told and when.
struct Gateway {
    clock: Arc<ManualClock>,
    began: Timestamp,
    provider: Sandbox,
    account: Account,
    host: Arc<MemoryHost>,
    told: mpsc::UnboundedReceiver<Inbound>,
    ids: IdSource,
    session: Arc<dyn Session>,
    running: JoinSet<SessionEnd>,
    stop: CancellationToken,
    last_remote_id: String,
    log: Vec<String>,
}

impl Gateway {
    async fn on(channel: Channel) -> Self {
        static SEED: Mutex<u8> = Mutex::new(0);
        let clock = Arc::new(ManualClock::default());
        let (host, told) = MemoryHost::new(clock.clone());
        let provider = Sandbox::new(channel, clock.clone());
        let ids = IdSource::new(|bytes| {
            let mut seed = SEED.lock().unwrap();
            bytes.fill_with(|| {
                *seed = seed.wrapping_add(1);
                *seed
            });
        });
        let account = Account {
            device: ids.make(clock.now()),
            channel,
            address: Some("6200012345678".to_owned()),
            settings: std::collections::BTreeMap::default(),
            language: cetar_model::Language::Indonesian,
        };
        let session = provider.open(account.clone(), host.clone()).unwrap();
        let mut gateway = Self {
            began: clock.now(),
            clock,
            provider,
            account,
            host,
            told,
            ids,
            session,
            running: JoinSet::new(),
            stop: CancellationToken::new(),
            last_remote_id: String::new(),
            log: Vec::new(),
        };
        gateway.start().await;
        gateway.log.clear();
        gateway
    }

    async fn start(&mut self) {
        self.session = self.provider.open(self.account.clone(), self.host.clone()).unwrap();
        self.stop = CancellationToken::new();
        let (session, stop) = (Arc::clone(&self.session), self.stop.clone());
        self.running.spawn(async move { session.run(stop).await });
        self.listen().await;
    }

    async fn stop(&mut self) -> SessionEnd {
        self.stop.cancel();
        self.running.join_next().await.unwrap().unwrap()
    }

    fn note(&mut self, what: impl std::fmt::Display) {
        let elapsed = self.clock.now().since(self.began).as_secs_f32();
        self.log.push(format!("{elapsed:.1} {what}"));
    }

    /// Lets the session do all it can at this moment (on one thread, with a host that never waits, a few turns do), and
    /// writes down what it told.
    async fn listen(&mut self) {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        while let Ok(event) = self.told.try_recv() {
            match event {
                Inbound::Receipt(receipt) => self.note(receipt.receipt),
                Inbound::Health(health) => self.note(health.state),
                Inbound::Message(message) => {
                    let id = message.remote_id.replace(&self.last_remote_id, "…");
                    let text = message.content.text().unwrap_or_default();
                    self.note(format_args!("\"{text}\" from {} as {id}", message.from));
                }
                Inbound::Reachable { .. } => self.note("reachable"),
                Inbound::AccountRate(_) => self.note("rate"),
                Inbound::Templates { .. } => self.note("templates"),
                Inbound::Renewed(_) => self.note("renewed"),
                Inbound::Resolved { .. } => self.note("resolved"),
            }
        }
    }

    async fn pass(&mut self, time: Duration) {
        let until = self.clock.now() + time;
        while self.clock.now() < until {
            self.clock.advance(TICK);
            self.listen().await;
        }
    }

    fn message(&self, to: &str) -> Outbound {
        Outbound {
            id: self.ids.make(self.clock.now()),
            to: Chat::new(to),
            content: Content::Text { text: "Halo!".to_owned() },
            reply_to: None,
            tag: None,
            attempt: 1,
        }
    }

    /// One attempt, time passing while it lasts.
    async fn attempt(&mut self, message: &Outbound) -> Option<SendError> {
        let session = Arc::clone(&self.session);
        let mut sending = pin!(session.send(message));
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut sending => break outcome,
                () = tokio::task::yield_now() => self.clock.advance(TICK),
            }
        };
        match &outcome {
            Ok(sent) => {
                assert_eq!(Some(&sent.remote_id), self.provider.remote_id(&message.id).as_ref());
                self.last_remote_id.clone_from(&sent.remote_id);
                self.note("took it");
            }
            Err(SendError::Rejected { code, provider_code, .. }) => {
                self.note(format_args!("refused: {code} ({})", provider_code.as_deref().unwrap_or("-")));
            }
            Err(SendError::Unknown(_)) => self.note("no word"),
            Err(SendError::SlowDown { .. }) => self.note("slow down"),
            Err(error) => self.note(error),
        }
        self.listen().await;
        outcome.err()
    }

    /// Sends as the gateway does, at most `rounds` times, then waits a minute for what comes in.
    async fn send(&mut self, to: &str, rounds: u32) {
        let mut message = self.message(to);
        for _ in 0..rounds {
            let Some(error) = self.attempt(&message).await else { break };
            let safe = self.provider.capabilities().resend_is_safe;
            match decide(&error, message.attempt, Some(MAX_ATTEMPTS), safe) {
                Decision::Retry(after) => {
                    message.attempt += 1;
                    self.pass(after).await;
                }
                Decision::Postpone(after) => self.pass(after).await,
                Decision::Hold => {
                    while !self.session.health().state.can_send() {
                        self.pass(TICK).await;
                    }
                }
                Decision::Fail(_) | Decision::Unknown => break,
            }
        }
        self.pass(Duration::from_mins(1)).await;
    }
}

#[rstest]
#[case::anyone("6281234567890", &["0.0 took it", "0.2 delivered"])]
#[case::reads("6281200000001", &["0.0 took it", "0.2 delivered", "0.5 read"])]
#[case::not_registered("6281200000002", &["0.0 refused: recipient_not_on_whatsapp (-)"])]
#[case::refused("6281200000003", &["0.0 refused: rejected_by_network (sandbox_refused)"])]
#[case::slowed_down("6281200000004", &["0.0 slow down", "1.0 slow down", "2.0 took it", "2.2 delivered"])]
#[case::cut_off_and_sent_again("6281200000005", &["0.0 no word", "1.0 took it", "3.0 accepted", "3.2 delivered"])]
#[case::device_goes_down("6281200000006", &[
    "0.0 the account is down: disconnected", "0.0 connecting", "10.0 connected", "10.0 took it", "10.2 delivered",
])]
#[case::answers("6281200000007", &[
    "0.0 took it", "0.2 delivered", "0.8 \"Halo!\" from 6281200000007 as …-answer",
])]
#[case::text_has_no_button("6281200000008", &["0.0 took it", "0.2 delivered"])]
#[case::never_acknowledged("6281200000009", &["1.0 no word", "3.0 no word", "6.0 no word"])]
#[case::whatsapp_has_no_window("6281200000010", &["0.0 took it", "0.2 delivered"])]
#[tokio::test]
async fn on_whatsapp_the_recipient_decides(#[case] to: &str, #[case] expected: &[&str]) {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.send(to, 3).await;
    assert_eq!(gateway.log, expected);
}

#[rstest]
#[case::anyone("123456789", &["0.0 took it"])]
#[case::a_bot_learns_of_no_reading("7650001", &["0.0 took it"])]
#[case::not_registered("@budi0002", &["0.0 refused: rejected_by_network (400)"])]
#[case::refused("7650003", &["0.0 refused: rejected_by_network (sandbox_refused)"])]
#[case::slowed_down("7650004", &["0.0 slow down", "1.0 slow down", "2.0 took it"])]
#[case::cut_off_and_settled_by_a_late_receipt("7650005", &["0.0 no word", "3.0 accepted"])]
#[case::device_goes_down("7650006", &[
    "0.0 the account is down: disconnected", "0.0 connecting", "10.0 connected", "10.0 took it",
])]
#[case::answers("7650007", &["0.0 took it", "0.8 \"Halo!\" from 7650007 as …-answer"])]
#[case::text_has_no_button("7650008", &["0.0 took it"])]
#[case::never_acknowledged("7650009", &["1.0 no word"])]
#[case::telegram_has_no_window("7650010", &["0.0 took it"])]
#[tokio::test]
async fn on_telegram_the_recipient_decides(#[case] to: &str, #[case] expected: &[&str]) {
    let mut gateway = Gateway::on(Channel::Telegram).await;
    gateway.send(to, 3).await;
    assert_eq!(gateway.log, expected);
}

#[rstest]
#[case(Channel::WhatsappOfficial, "131047")]
#[case(Channel::Messenger, "10/2018278")]
#[case(Channel::Instagram, "10/2534022")]
#[tokio::test]
async fn metas_window_is_shut_with_metas_own_code(#[case] channel: Channel, #[case] code: &str) {
    let mut gateway = Gateway::on(channel).await;
    gateway.send("6281200000010", 3).await;
    assert_eq!(gateway.log, [format!("0.0 refused: outside_24h_window ({code})")]);
}

#[tokio::test]
async fn receipts_and_answers_come_after_a_restart_too() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let message = gateway.message("6281200000007");
    gateway.attempt(&message).await;
    assert_eq!(gateway.stop().await, SessionEnd::Stopped);
    gateway.pass(Duration::from_secs(30)).await;
    assert_eq!(gateway.log, ["0.0 took it"], "a session that does not run tells nothing");

    gateway.start().await;
    let told = ["30.0 connected", "30.0 delivered", "30.0 \"Halo!\" from 6281200000007 as …-answer"];
    assert_eq!(gateway.log[1..], told);
}

#[rstest]
#[case(HostError::LeaseLost, DownReason::HeldByAnotherNode)]
#[case(HostError::Unavailable("gone".into()), DownReason::Disconnected)]
#[tokio::test]
async fn news_that_nobody_takes_is_told_again_by_the_next_session(
    #[case] error: HostError,
    #[case] reason: DownReason,
) {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.stop().await;
    let deaf = Arc::new(DeafToReceipts { inner: gateway.host.clone(), error: Mutex::new(Some(error)) });
    let session = gateway.provider.open(gateway.account.clone(), deaf).unwrap();
    let running = Arc::clone(&session);
    gateway.running.spawn(async move { running.run(CancellationToken::new()).await });
    gateway.listen().await;
    session.send(&gateway.message("6281234567890")).await.unwrap();
    gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(gateway.running.join_next().await.unwrap().unwrap(), SessionEnd::Lost(reason));

    gateway.log.clear();
    gateway.start().await;
    assert_eq!(gateway.log.last().unwrap(), "1.0 delivered");
}

/// Fails the first receipt it is told.
struct DeafToReceipts {
    inner: Arc<MemoryHost>,
    error: Mutex<Option<HostError>>,
}

#[async_trait]
impl Host for DeafToReceipts {
    async fn emit(&self, event: Inbound) -> Result<(), HostError> {
        if matches!(event, Inbound::Receipt(_))
            && let Some(error) = self.error.lock().unwrap().take()
        {
            return Err(error);
        }
        self.inner.emit(event).await
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

#[tokio::test]
async fn what_was_told_is_forgotten() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.send("6281200000001", 1).await;
    assert!(gateway.host.load_all("due").await.unwrap().is_empty());
}

#[tokio::test]
async fn attempts_are_counted_over_a_restart() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let message = gateway.message("6281200000006");
    gateway.attempt(&message).await;
    gateway.stop().await;
    gateway.start().await;
    assert!(
        gateway.attempt(&message).await.is_none(),
        "the second attempt sends, whichever session makes it"
    );
}

#[tokio::test]
async fn while_the_device_is_down_nothing_is_sent_and_nothing_heard() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let (before, drops, after) =
        (gateway.message("628111111"), gateway.message("6280006"), gateway.message("628222222"));
    gateway.attempt(&before).await;
    gateway.attempt(&drops).await;
    let refused = gateway.attempt(&after).await;
    assert!(matches!(refused, Some(SendError::AccountDown(DownReason::Disconnected))));
    gateway.pass(Duration::from_secs(11)).await;
    let down = "0.0 the account is down: disconnected";
    assert_eq!(
        gateway.log,
        ["0.0 took it", down, "0.0 connecting", down, "10.0 connected", "10.0 delivered"]
    );
}

#[tokio::test]
async fn the_same_message_sent_again_is_answered_once() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let message = gateway.message("6281200000007");
    gateway.attempt(&message).await;
    gateway.attempt(&message).await;
    gateway.pass(Duration::from_mins(1)).await;
    assert_eq!(gateway.log.iter().filter(|line| line.contains("Halo!")).count(), 1, "{:?}", gateway.log);
}

fn buttons(buttons: Vec<Button>) -> Content {
    Content::Buttons(Buttons { title: None, text: "Mau?".to_owned(), footer: None, buttons, media: None })
}

#[rstest]
#[case::the_first_quick_reply(
    vec![
        Button::Url { text: "Situs".to_owned(), url: "https://contoh.com".to_owned() },
        Button::Reply { id: "YA".to_owned(), text: "Ya".to_owned() },
        Button::Reply { id: "TIDAK".to_owned(), text: "Tidak".to_owned() },
    ],
    Some("YA")
)]
#[case::none_where_there_is_none(vec![Button::Copy { text: "Salin".to_owned(), code: "P50".to_owned() }], None)]
#[tokio::test]
async fn the_person_presses(#[case] buttons_: Vec<Button>, #[case] pressed: Option<&str>) {
    for channel in Channel::ALL {
        let mut gateway = Gateway::on(*channel).await;
        let message = Outbound { content: buttons(buttons_.clone()), ..gateway.message("6281200000008") };
        assert!(gateway.attempt(&message).await.is_none());
        gateway.clock.advance(Duration::from_secs(1));
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        let mut seen = None;
        while let Ok(event) = gateway.told.try_recv() {
            if let Inbound::Message(message) = event {
                let Content::ButtonPress { id, text, message: on } = message.content else {
                    panic!("a press")
                };
                assert_eq!((text.as_str(), on), ("Ya", message.reply_to), "{channel}");
                seen = Some(id);
            }
        }
        assert_eq!(seen.as_deref(), pressed, "{channel}");
    }
}

#[tokio::test]
async fn who_answers_sends_the_same_medium_back_and_its_bytes_can_be_read() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let id: MediaId = gateway.ids.make(gateway.clock.now());
    gateway.host.keep(id.clone(), &b"gambar"[..]);
    let content =
        Content::Image { media: Media::of(MediaSource::Stored(id)), caption: Some("Halo".to_owned()) };
    let message = Outbound { content, ..gateway.message("6281200000007") };
    assert!(gateway.attempt(&message).await.is_none());
    gateway.clock.advance(Duration::from_secs(1));
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
    let mut answers = Vec::new();
    while let Ok(event) = gateway.told.try_recv() {
        if let Inbound::Message(message) = event {
            answers.push(message.content);
        }
    }
    let [Content::Image { media, caption }] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(caption.as_deref(), Some("Halo"));
    let MediaSource::Network(reference) = &media.source else { panic!("with the network") };
    let bytes = gateway.session.download(reference).await.unwrap();
    assert_eq!(bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat(), b"gambar");
    assert!(matches!(gateway.session.download("lain").await.err(), Some(DownloadError::Gone(_))));
}

#[tokio::test]
async fn every_channel_carries_every_type_of_the_contract() {
    for channel in Channel::ALL {
        let gateway = Gateway::on(*channel).await;
        let network = gateway.provider.capabilities();
        // These carry what their providers do, which is what the contract's send takes.
        let beyond: &[&str] = match channel {
            Channel::Whatsapp | Channel::Telegram => &[],
            _ => &["sticker", "location", "contact", "poll"],
        };
        for kind in ["text", "button", "image", "video", "document", "audio"].iter().chain(beyond) {
            let kind = kind.parse().unwrap();
            assert!(network.content.contains(&kind), "{channel} {kind}");
        }
        for limit in network.media {
            assert!(network.content.contains(&limit.kind), "{channel} {}", limit.kind);
        }
    }
}

#[tokio::test]
async fn what_only_comes_in_is_refused() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let content = Content::Unsupported { kind: "order".to_owned() };
    let message = Outbound { content, ..gateway.message("6281234567890") };
    gateway.attempt(&message).await;
    assert_eq!(gateway.log, ["0.0 refused: content_not_supported (-)"]);
}

#[tokio::test]
async fn a_session_that_does_not_run_sends_nothing() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.stop().await;
    let message = gateway.message("6281234567890");
    let error = gateway.attempt(&message).await;
    assert!(matches!(error, Some(SendError::AccountDown(DownReason::Disconnected))));
    assert!(!gateway.session.health().state.can_send());
}

#[tokio::test]
async fn logging_out_ends_the_session_and_forgets_everything() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    let message = gateway.message("6281200000001");
    gateway.attempt(&message).await;
    gateway.session.logout().await.unwrap();
    let end = gateway.running.join_next().await.unwrap().unwrap();
    assert_eq!(end, SessionEnd::Ended(DownReason::LoggedOut));
    assert!(gateway.host.load_all("due").await.unwrap().is_empty());
    let refused = gateway.attempt(&message).await;
    assert!(matches!(refused, Some(SendError::AccountDown(DownReason::LoggedOut))));
}

#[tokio::test]
async fn a_check_knows_who_is_registered() {
    let gateway = Gateway::on(Channel::Whatsapp).await;
    for (number, registered) in [("6281200000002", false), ("6281234567890", true)] {
        let answer = gateway.session.check(&PhoneNumber::parse(number).unwrap()).await.unwrap();
        assert_eq!(answer.is_registered, registered);
        assert_eq!(answer.jid, registered.then(|| format!("{number}@s.whatsapp.net")));
    }
}

#[rstest]
#[case::by_qr(LinkMethod::Qr, None, "6200012345678")]
#[case::by_code(LinkMethod::PairingCode, Some("6281234567890"), "6281234567890")]
#[tokio::test]
async fn linking_needs_nobody(
    #[case] method: LinkMethod,
    #[case] phone: Option<&str>,
    #[case] address: &str,
) {
    let gateway = Gateway::on(Channel::Whatsapp).await;
    let phone = phone.map(|phone| PhoneNumber::parse(phone).unwrap());
    let request = LinkRequest { method, phone };
    let linking = gateway.provider.link(gateway.account.clone(), request, gateway.host.clone());
    let mut linking = linking.await.unwrap();
    let shown = linking.next().await.unwrap();
    match method {
        LinkMethod::Qr => assert!(matches!(shown, LinkStep::Qr { .. })),
        LinkMethod::PairingCode => assert!(matches!(shown, LinkStep::Code { code, .. } if code.len() == 8)),
    }
    let (step, ()) = tokio::join!(linking.next(), async { gateway.clock.advance(Duration::from_secs(1)) });
    assert!(step.unwrap() == LinkStep::Connecting);
    assert!(matches!(linking.next().await.unwrap(), LinkStep::Done(linked) if linked.address == address));
    assert!(linking.next().await.is_err());
}

#[tokio::test]
async fn an_account_that_another_device_has_is_not_linked_a_second_time() {
    let gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.host.link_elsewhere("6200012345678");
    let request = LinkRequest { method: LinkMethod::Qr, phone: None };
    let linking = gateway.provider.link(gateway.account.clone(), request, gateway.host.clone());
    let mut linking = linking.await.unwrap();
    linking.next().await.unwrap();
    let (step, ()) = tokio::join!(linking.next(), async { gateway.clock.advance(Duration::from_secs(1)) });
    assert!(step.unwrap() == LinkStep::Connecting);
    assert!(matches!(linking.next().await, Err(LinkError::Refused(DownReason::AlreadyLinked))));
}

#[tokio::test]
async fn a_device_without_a_number_is_given_one_that_stays() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.account.address = None;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let request = LinkRequest { method: LinkMethod::Qr, phone: None };
        let linking = gateway.provider.link(gateway.account.clone(), request, gateway.host.clone());
        let mut linking = linking.await.unwrap();
        linking.next().await.unwrap();
        let (step, ()) =
            tokio::join!(linking.next(), async { gateway.clock.advance(Duration::from_secs(1)) });
        step.unwrap();
        if let LinkStep::Done(linked) = linking.next().await.unwrap() {
            numbers.push(linked.address);
        }
    }
    assert!(PhoneNumber::parse(&numbers[0]).is_ok_and(|number| number.as_str().starts_with("62000")));
    assert_eq!(numbers[0], numbers[1]);
}

#[tokio::test]
async fn channels_that_link_by_settings_have_no_qr() {
    for channel in Channel::ALL.iter().filter(|channel| **channel != Channel::Whatsapp) {
        let gateway = Gateway::on(*channel).await;
        let request = LinkRequest { method: LinkMethod::Qr, phone: None };
        assert!(gateway.provider.link(gateway.account.clone(), request, gateway.host.clone()).await.is_err());
    }
}

#[tokio::test]
async fn every_channel_has_its_network_and_takes_no_other_channels_device() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let (host, _told) = MemoryHost::new(Arc::clone(&clock));
    let ids = IdSource::new(|bytes| bytes.fill(1));
    for (channel, provider) in Sandbox::every_channel(&clock) {
        for other in Channel::ALL {
            let account = Account {
                device: ids.make(clock.now()),
                channel: *other,
                address: None,
                settings: std::collections::BTreeMap::default(),
                language: cetar_model::Language::Indonesian,
            };
            assert_eq!(provider.open(account, host.clone()).is_ok(), *other == channel, "{channel} {other}");
        }
        assert!(provider.remote_id(&ids.make::<MessageId>(clock.now())).is_some());
    }
}
