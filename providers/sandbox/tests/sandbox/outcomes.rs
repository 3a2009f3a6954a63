//! Every outcome a message can have, by its recipient.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::{
    Button, Buttons, Channel, Clock, Content, DownReason, IdSource, Media, MediaId, MediaSource, MessageId,
    PhoneNumber, SendError, Timestamp,
};
use cetar_provider::{
    Account, DownloadError, Host, HostError, Inbound, Outbound, Provider, SessionEnd, StateWrite,
    StoredMedia,
    testkit::{ManualClock, MemoryHost},
};
use cetar_sandbox::Sandbox;
use futures::TryStreamExt;
use rstest::rstest;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;

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
                credentials_until: None,
            };
            assert_eq!(provider.open(account, host.clone()).is_ok(), *other == channel, "{channel} {other}");
        }
        assert!(provider.remote_id(&ids.make::<MessageId>(clock.now())).is_some());
    }
}
