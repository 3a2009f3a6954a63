//! What only ours has to do: everything is in the host, and nothing is only in memory.

use cetar_model::MediaId;
use cetar_model::Timestamp;
use cetar_provider::{Host, HostError, Inbound, StateWrite, StoredMedia};

use super::*;
use crate::store::{Refusal, Unreadable};

#[tokio::test]
async fn another_process_finds_it_all() {
    let (host, _told) = MemoryHost::new(Arc::new(SystemClock));
    let (first, _) = SessionStore::open(host.clone()).await.unwrap();
    first.put_session("628@c.us.0", b"s").await.unwrap();
    first.create().await.unwrap();
    first.owe_number("100").await.unwrap();
    first
        .put_lid_mapping(&LidPnMappingEntry {
            lid: "100".into(),
            phone_number: "6281".into(),
            created_at: 0,
            updated_at: 0,
            learning_source: String::new(),
        })
        .await
        .unwrap();
    let registration = first.load().await.unwrap().unwrap().registration_id;
    drop(first);

    let (second, mut resolved) = SessionStore::open(host).await.unwrap();
    assert!(second.has_signal_state_for_user("628").await.unwrap());
    assert_eq!(second.load().await.unwrap().unwrap().registration_id, registration);
    assert_eq!(second.number_of("100").as_deref(), Some("6281"));
    assert!(second.is_alias("100"));
    // Found out just before the end, and not yet told.
    assert_eq!(resolved.try_recv().unwrap(), ("100".to_owned(), "6281".to_owned()));
    second.paid_number("100").await.unwrap();
}

#[tokio::test]
async fn a_number_that_turns_up_for_an_alias_is_told_once() {
    let (host, _told) = MemoryHost::new(Arc::new(SystemClock));
    let (store, mut resolved) = SessionStore::open(host.clone()).await.unwrap();
    store.owe_number("100").await.unwrap();
    store.owe_number("100").await.unwrap();
    for lid in ["200", "100"] {
        let entry = LidPnMappingEntry {
            lid: lid.into(),
            phone_number: format!("62{lid}"),
            created_at: 0,
            updated_at: 0,
            learning_source: String::new(),
        };
        store.put_lid_mapping(&entry).await.unwrap();
    }
    assert_eq!(resolved.try_recv().unwrap(), ("100".to_owned(), "62100".to_owned()));
    assert!(resolved.try_recv().is_err());
}

/// The process may end before the answer is out, and then the phone's next question is the last chance.
#[tokio::test]
async fn a_sent_message_that_a_phone_asked_for_can_be_asked_for_again() {
    let store = ours().await;
    store.store_sent_message("c", "M1", b"halo").await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.take_sent_message("c", "M1").await.unwrap().as_deref(), Some(b"halo".as_slice()));
    }
    assert_eq!(store.delete_expired_sent_messages(i64::MAX).await.unwrap(), 1);
    assert_eq!(store.take_sent_message("c", "M1").await.unwrap(), None);
}

#[tokio::test]
async fn notes_read_back() {
    let store = ours().await;
    let refusal = Refusal { at: Timestamp::from_secs(5), until: None, chats: vec!["6281".into()] };
    store.set_refusal(Some(&refusal)).await.unwrap();
    assert_eq!(store.refusal().await.unwrap(), Some(refusal));
    store.set_refusal(None).await.unwrap();
    assert_eq!(store.refusal().await.unwrap(), None);

    let unread = Unreadable {
        id: "M".into(),
        jid: "1@lid".into(),
        chat: "6281".into(),
        from: "6281".into(),
        from_alias: false,
        group: false,
        echo: false,
        name: None,
        sent_at: Timestamp::from_secs(1),
        seen_at: Timestamp::from_secs(2),
    };
    store.keep_unreadable(&unread).await.unwrap();
    assert!(store.unreadable().await.unwrap() == [unread]);
    store.drop_unreadable("1@lid", "M").await.unwrap();
    assert!(store.unreadable().await.unwrap().is_empty());
}

/// A host whose session was taken over.
struct TakenOver;

#[async_trait::async_trait]
impl Host for TakenOver {
    async fn emit(&self, _: Inbound) -> Result<(), HostError> {
        Err(HostError::LeaseLost)
    }
    async fn load(&self, _: &str, _: &[u8]) -> Result<Option<Bytes>, HostError> {
        Ok(None)
    }
    async fn load_all(&self, _: &str) -> Result<Vec<(Bytes, Bytes)>, HostError> {
        Ok(Vec::new())
    }
    async fn save(&self, _: Vec<StateWrite>) -> Result<(), HostError> {
        Err(HostError::LeaseLost)
    }
    async fn media(&self, _: &MediaId) -> Result<StoredMedia, HostError> {
        Err(HostError::LeaseLost)
    }
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
}

#[tokio::test]
async fn a_lost_lease_is_an_error_and_is_noted() {
    let (store, _) = SessionStore::open(Arc::new(TakenOver)).await.unwrap();
    assert!(!store.lease_lost().is_cancelled());
    assert!(store.put_session("a@lid.0", b"s").await.is_err());
    assert!(store.lease_lost().is_cancelled());
}
