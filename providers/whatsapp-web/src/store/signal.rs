//! Signal: identities, sessions, pre-keys, sender keys.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cetar_provider::StateWrite;
use wacore::store::{
    error::{Result, StoreError},
    traits::SignalStore,
};

use super::{SessionStore, collection as c, lock, rows, unavailable};

/// The user an address belongs to: addresses read `user@server` or `user:device@server`.
fn user_of(address: &str) -> &str {
    address.split(['@', ':']).next().unwrap_or(address)
}

impl SessionStore {
    /// Reads what messages are decrypted with, and asks until there is an answer or the line is gone: whatsapp-rust refuses a message whose keys it
    /// failed to read for good (a nack of 500), and WhatsApp gives it to nobody again. A message that waits is neither taken
    /// nor refused.
    pub(super) async fn key(&self, collection: &'static str, key: &[u8]) -> Result<Option<Bytes>> {
        loop {
            let error = match self.note(self.host().load(collection, key).await) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !self.may_try_again("reading a key", &error).await {
                return Err(unavailable(error));
            }
        }
    }

    /// Keys go forward on disk only behind the messages they have read: one that is on disk nowhere, and whose key is used up,
    /// could be read by nobody when it comes again. One that is being put there at this moment is waited for: a database that
    /// hangs refuses it only after seconds.
    ///
    /// None goes forward either while no connection is open. When one ends, whatsapp-rust settles its keys, drops what was read and not
    /// committed, and has all of that come again; but messages that several tasks were reading at that moment are decrypted before the
    /// settling and gathered after it: their keys would be on disk, and they would be dropped. Refused, the keys stay in memory, and
    /// are dropped together with such messages, or written with the next connection's. Should the process end before, what they have
    /// read is read anew where it was not acknowledged; a group member's new key that was, the member is asked for again.
    async fn may_go_forward(&self) -> Result<()> {
        if self.is_between_connections() {
            return Err(StoreError::Database("the connection is over: keys wait for the next one".into()));
        }
        let nothing_is_under_way =
            self.line_is_gone.run_until_cancelled(self.keeping.write()).await.is_some()
                || self.keeping.try_write().is_ok();
        if nothing_is_under_way && lock(&self.repeats).all_are_kept() {
            return Ok(());
        }
        Err(StoreError::Database("a message that these keys have read is not kept yet".into()))
    }

    /// Writes keys, and outside of sends tries until the database takes them: a phone that could not read a message asks for it again
    /// once, and whatsapp-rust gives its answer up for good when the keys it is sealed with cannot be written.
    async fn go_forward(&self, batch: Vec<StateWrite>) -> Result<()> {
        loop {
            let error = match self.may_go_forward().await {
                Ok(()) => match self.write(batch.clone()).await {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                },
                Err(error) if self.is_between_connections() => return Err(error),
                // A message is being kept, for which nothing of this is needed.
                Err(error) => error,
            };
            if self.lease_lost().is_cancelled() || !self.may_try_again("writing keys", &error).await {
                return Err(error);
            }
        }
    }

    /// Rows that note that we have Signal state with the users of these addresses, where that is not noted yet. They stay
    /// when the state goes: the question they answer allows "perhaps".
    fn notes_of_users<'a>(&self, addresses: impl Iterator<Item = &'a str>) -> (Vec<StateWrite>, Vec<String>) {
        let known = lock(&self.signal_users);
        let mut users: Vec<String> =
            addresses.map(user_of).filter(|user| !known.contains(*user)).map(str::to_owned).collect();
        users.sort_unstable();
        users.dedup();
        (users.iter().map(|user| rows::put(c::SIGNAL_USER, user.as_bytes(), Bytes::new())).collect(), users)
    }

    /// Identities and sessions, with the notes of whose they are.
    async fn put_state<'a>(
        &self,
        collection: &'static str,
        entries: impl Iterator<Item = (&'a str, Bytes)> + Clone + Send,
    ) -> Result<()> {
        let (mut batch, users) = self.notes_of_users(entries.clone().map(|(address, _)| address));
        batch.extend(entries.map(|(address, value)| rows::put(collection, address.as_bytes(), value)));
        self.go_forward(batch).await?;
        lock(&self.signal_users).extend(users);
        Ok(())
    }
}

fn prekey(uploaded: bool, record: &[u8]) -> Bytes {
    let mut value = Vec::with_capacity(1 + record.len());
    value.push(u8::from(uploaded));
    value.extend_from_slice(record);
    value.into()
}

fn prekey_record(value: &Bytes) -> Bytes {
    value.slice(1.min(value.len())..)
}

fn id_of(key: &[u8]) -> Result<u32> {
    let bytes = key.try_into().map_err(|_| StoreError::Validation("a key id is not four bytes".into()))?;
    Ok(u32::from_be_bytes(bytes))
}

#[async_trait]
impl SignalStore for SessionStore {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Result<()> {
        self.put_state(c::IDENTITY, std::iter::once((address, Bytes::copy_from_slice(&key)))).await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        let entries = identities.iter().map(|(address, key)| (&**address, Bytes::copy_from_slice(key)));
        self.put_state(c::IDENTITY, entries).await
    }

    async fn load_identity(&self, address: &str) -> Result<Option<[u8; 32]>> {
        let Some(value) = self.key(c::IDENTITY, address.as_bytes()).await? else { return Ok(None) };
        let key = value.as_ref().try_into();
        key.map(Some).map_err(|_| StoreError::Validation("an identity key is not 32 bytes".into()))
    }

    async fn delete_identity(&self, address: &str) -> Result<()> {
        self.delete(c::IDENTITY, address.as_bytes()).await
    }

    async fn get_session(&self, address: &str) -> Result<Option<Bytes>> {
        self.key(c::SESSION, address.as_bytes()).await
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Result<()> {
        self.put_state(c::SESSION, std::iter::once((address, Bytes::copy_from_slice(session)))).await
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        self.put_state(c::SESSION, sessions.iter().map(|(address, session)| (&**address, session.clone())))
            .await
    }

    async fn delete_session(&self, address: &str) -> Result<()> {
        self.delete(c::SESSION, address.as_bytes()).await
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        if lock(&self.signal_users).contains(user) {
            return Ok(true);
        }
        let known = self.get(c::SIGNAL_USER, user.as_bytes()).await?.is_some();
        if known {
            lock(&self.signal_users).insert(user.to_owned());
        }
        Ok(known)
    }

    async fn store_prekey(&self, id: u32, record: &[u8], uploaded: bool) -> Result<()> {
        self.put(c::PREKEY, &id.to_be_bytes(), prekey(uploaded, record)).await
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], uploaded: bool) -> Result<()> {
        let rows =
            keys.iter().map(|(id, record)| rows::put(c::PREKEY, &id.to_be_bytes(), prekey(uploaded, record)));
        self.write(rows.collect()).await
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        Ok(self.key(c::PREKEY, &id.to_be_bytes()).await?.as_ref().map(prekey_record))
    }

    async fn mark_prekeys_uploaded(&self, ids: &[u32]) -> Result<()> {
        // Under the gate together with removal: a key consumed meanwhile must not come back.
        let _gate = self.gate.lock().await;
        let mut batch = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(value) = self.key(c::PREKEY, &id.to_be_bytes()).await? {
                batch.push(rows::put(c::PREKEY, &id.to_be_bytes(), prekey(true, &prekey_record(&value))));
            }
        }
        self.write(batch).await
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        let _gate = self.gate.lock().await;
        self.delete(c::PREKEY, &id.to_be_bytes()).await
    }

    async fn get_max_prekey_id(&self) -> Result<u32> {
        // Ascending keys, big-endian ids: the last one is the greatest.
        self.all(c::PREKEY).await?.last().map_or(Ok(0), |(key, _)| id_of(key))
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        self.put(c::SIGNED_PREKEY, &id.to_be_bytes(), Bytes::copy_from_slice(record)).await
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        Ok(self.key(c::SIGNED_PREKEY, &id.to_be_bytes()).await?.map(Vec::from))
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        let all = self.all(c::SIGNED_PREKEY).await?;
        all.into_iter().map(|(key, record)| Ok((id_of(&key)?, record.into()))).collect()
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        self.delete(c::SIGNED_PREKEY, &id.to_be_bytes()).await
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Result<()> {
        let record = Bytes::copy_from_slice(record);
        self.go_forward(vec![rows::put(c::SENDER_KEY, address.as_bytes(), record)]).await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        let rows = sender_keys
            .iter()
            .map(|(address, record)| rows::put(c::SENDER_KEY, address.as_bytes(), record.clone()));
        self.go_forward(rows.collect()).await
    }

    async fn get_sender_key(&self, address: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.key(c::SENDER_KEY, address.as_bytes()).await?.map(Vec::from))
    }

    async fn delete_sender_key(&self, address: &str) -> Result<()> {
        self.delete(c::SENDER_KEY, address.as_bytes()).await
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::Arc};

    use cetar_model::{MediaId, Timestamp};
    use cetar_provider::{
        Host, HostError, Inbound, StoredMedia,
        testkit::{ManualClock, MemoryHost},
    };
    use futures::poll;
    use tokio::sync::Semaphore;
    use wacore::store::traits::ProtocolStore;

    use super::*;
    use crate::{store::promptly, transport::WireState};

    /// Is long about every message that is to be put on disk, and then refuses it.
    struct Hangs {
        inner: Arc<MemoryHost>,
        answers: Semaphore,
    }

    #[async_trait]
    impl Host for Hangs {
        async fn emit(&self, event: Inbound) -> std::result::Result<(), HostError> {
            self.inner.emit(event).await
        }
        async fn load(&self, collection: &str, key: &[u8]) -> std::result::Result<Option<Bytes>, HostError> {
            self.inner.load(collection, key).await
        }
        async fn load_all(&self, collection: &str) -> std::result::Result<Vec<(Bytes, Bytes)>, HostError> {
            self.inner.load_all(collection).await
        }
        async fn save(&self, batch: Vec<StateWrite>) -> std::result::Result<(), HostError> {
            let row =
                |write: &StateWrite| matches!(write, StateWrite::Put { collection: c::PENDING_INBOUND, .. });
            if !batch.iter().any(row) {
                return self.inner.save(batch).await;
            }
            self.answers.acquire().await.expect("it is never closed").forget();
            Err(HostError::Unavailable("it hung".into()))
        }
        async fn media(&self, id: &MediaId) -> std::result::Result<StoredMedia, HostError> {
            self.inner.media(id).await
        }
        fn now(&self) -> Timestamp {
            self.inner.now()
        }
    }

    #[tokio::test]
    async fn no_key_goes_forward_between_two_connections() {
        let (host, _told) = MemoryHost::new(Arc::new(ManualClock::default()));
        let (store, _resolved) = SessionStore::open(host as Arc<dyn Host>).await.unwrap();
        let wire = WireState::new();
        store.runs_on(wire.clone());
        let address: Arc<str> = "sender".into();
        let batch = |record: &'static [u8]| [(Arc::clone(&address), Bytes::from_static(record))];
        wire.opened(1);
        store.put_sessions_batch(&batch(b"first")).await.unwrap();
        wire.closed(1);
        assert!(store.put_sessions_batch(&batch(b"late")).await.is_err());
        assert!(store.put_session("sender", b"late").await.is_err());
        assert!(store.put_sender_key("sender", b"late").await.is_err());
        assert!(store.put_sender_keys_batch(&batch(b"late")).await.is_err());
        assert_eq!(store.get_session("sender").await.unwrap(), Some(Bytes::from_static(b"first")));
        wire.opened(2);
        store.put_sessions_batch(&batch(b"second")).await.unwrap();
        assert_eq!(store.get_session("sender").await.unwrap(), Some(Bytes::from_static(b"second")));
    }

    #[tokio::test(start_paused = true)]
    async fn no_key_goes_forward_while_it_is_not_known_whether_a_message_is_on_disk() {
        let (inner, _told) = MemoryHost::new(Arc::new(ManualClock::default()));
        let host = Arc::new(Hangs { inner, answers: Semaphore::new(0) });
        let (store, _resolved) = SessionStore::open(Arc::clone(&host) as Arc<dyn Host>).await.unwrap();
        // In whose future ever: a send writes what others have gathered.
        let mut kept = pin!(promptly(store.store_pending_inbound("chat", "sender", "A", b"halo")));
        assert!(poll!(&mut kept).is_pending(), "the database hangs");
        let mut forward = pin!(store.put_session("sender", b"used up"));
        assert!(poll!(&mut forward).is_pending(), "and may yet refuse");
        host.answers.add_permits(1);
        assert!(poll!(&mut kept).is_pending(), "it was refused, and is tried again");
        assert!(poll!(&mut forward).is_pending(), "and so are the keys");
        assert!(
            promptly(store.put_session("sender", b"used up")).await.is_err(),
            "but for who would rather fail"
        );
        assert_eq!(store.get_session("sender").await.unwrap(), None);
        store.let_go();
        assert!(kept.await.is_err());
        assert!(forward.await.is_err());
        assert!(store.put_session("sender", b"used up").await.is_err(), "not by this store any more");
    }
}
