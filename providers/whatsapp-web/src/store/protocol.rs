//! What WhatsApp Web keeps beside Signal: who holds which sender key, LIDs and numbers, device lists, tokens, and the two
//! buffers that make delivery certain (sent messages for a retry, received ones until they are committed).

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use bytes::Bytes;
use cetar_model::Chat;
use cetar_provider::StateWrite;
use wacore::store::{
    error::{Result, StoreError},
    traits::{
        DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore,
        TcTokenEntry,
    },
};

use super::{
    SessionStore, collection as c, lock,
    repeats::{FirstCopy, NotKept},
    rows, unavailable,
};
use whatsapp_rust::{Jid, wacore_binary::JidExt as _};

use crate::convert;

/// One group's devices: whether each holds our sender key.
type Holders = BTreeMap<String, bool>;

/// People whose token is kept in memory: each send asks for its recipient's, mostly to learn that there is none.
const KNOWN_TOKENS: usize = 1024;

impl SessionStore {
    async fn holders(&self, group_jid: &str) -> Result<Holders> {
        match self.get(c::SENDER_KEY_DEVICES, group_jid.as_bytes()).await? {
            Some(value) => rows::from_json(&value),
            None => Ok(Holders::new()),
        }
    }

    async fn mapping(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        self.get(c::LID, lid.as_bytes()).await?.map(|value| rows::from_json(&value)).transpose()
    }

    /// Whoever calls it holds the gate.
    async fn tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        if let Some(known) = lock(&self.tokens).get(jid) {
            return Ok(known.clone());
        }
        let kept = self.get(c::TC_TOKEN, jid.as_bytes()).await?;
        let entry: Option<TcTokenEntry> = kept.map(|value| rows::from_json(&value)).transpose()?;
        self.know_token(jid, entry.clone());
        Ok(entry)
    }

    fn know_token(&self, jid: &str, entry: Option<TcTokenEntry>) {
        let mut tokens = lock(&self.tokens);
        if tokens.len() >= KNOWN_TOKENS {
            tokens.clear();
        }
        tokens.insert(jid.to_owned(), entry);
    }

    async fn write_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        // Whether a write that fails was done is not known.
        lock(&self.tokens).remove(jid);
        self.put(c::TC_TOKEN, jid.as_bytes(), rows::json(entry)?).await?;
        self.know_token(jid, Some(entry.clone()));
        Ok(())
    }

    /// Whether the host has this message: an earlier process took it in, and WhatsApp did not hear of it.
    async fn host_has(&self, chat: &str, sender: &str, id: &str) -> Result<bool> {
        let place = |jid: &Jid| convert::conversation(jid, &|lid| self.number_of(lid));
        let jids = [chat, sender].map(|jid| jid.parse::<Jid>().ok());
        // What reaches us by a broadcast list is in the conversation with its sender.
        let [Some(chat), Some(sender)] = jids else { return Ok(false) };
        let jid = if chat.is_broadcast_list() { sender } else { chat };
        let known = self.host.writer_of(&Chat::new(place(&jid)), id).await;
        Ok(self.note(known).map_err(unavailable)?.is_some())
    }

    fn now_secs(&self) -> i64 {
        self.host.now().as_secs()
    }
}

fn pending_key(chat: &str, sender: &str, id: &str) -> Vec<u8> {
    rows::key(&[chat.as_bytes(), sender.as_bytes(), id.as_bytes()])
}

#[async_trait]
impl ProtocolStore for SessionStore {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Result<Vec<(String, bool)>> {
        Ok(self.holders(group_jid).await?.into_iter().collect())
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Result<()> {
        let _gate = self.gate.lock().await;
        let mut holders = self.holders(group_jid).await?;
        holders.extend(entries.iter().map(|(device, has_key)| ((*device).to_owned(), *has_key)));
        self.put(c::SENDER_KEY_DEVICES, group_jid.as_bytes(), rows::json(&holders)?).await
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Result<()> {
        let _gate = self.gate.lock().await;
        self.delete(c::SENDER_KEY_DEVICES, group_jid.as_bytes()).await
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Result<()> {
        if device_jids.is_empty() {
            return Ok(());
        }
        let _gate = self.gate.lock().await;
        let mut batch = Vec::new();
        for (group, value) in self.all(c::SENDER_KEY_DEVICES).await? {
            let mut holders: Holders = rows::from_json(&value)?;
            let before = holders.len();
            holders.retain(|device, _| !device_jids.contains(&device.as_str()));
            if holders.len() < before {
                batch.push(rows::put(c::SENDER_KEY_DEVICES, &group, rows::json(&holders)?));
            }
        }
        self.write(batch).await
    }

    async fn clear_all_sender_key_devices(&self) -> Result<()> {
        let _gate = self.gate.lock().await;
        self.write(vec![StateWrite::Clear { collection: c::SENDER_KEY_DEVICES }]).await
    }

    async fn get_lid_mapping(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        self.mapping(lid).await
    }

    async fn get_pn_mapping(&self, phone: &str) -> Result<Option<LidPnMappingEntry>> {
        let Some(lid) = self.get(c::LID_OF_NUMBER, phone.as_bytes()).await? else { return Ok(None) };
        self.mapping(&String::from_utf8_lossy(&lid)).await
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Result<()> {
        self.put_lid_mappings(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        let _gate = self.gate.lock().await;
        let mut batch = Vec::with_capacity(2 * entries.len());
        let mut within: HashMap<&str, &str> = HashMap::new();
        for entry in entries {
            let before = match within.insert(&entry.lid, &entry.phone_number) {
                Some(number) => Some(number.to_owned()),
                None => lock(&self.numbers).get(&entry.lid).cloned(),
            };
            // A LID that had another number before: that number leads here no more.
            if let Some(before) = before.filter(|before| *before != entry.phone_number) {
                batch.push(rows::delete(c::LID_OF_NUMBER, before.as_bytes()));
            }
            let lid = Bytes::copy_from_slice(entry.lid.as_bytes());
            batch.push(rows::put(c::LID_OF_NUMBER, entry.phone_number.as_bytes(), lid));
            batch.push(rows::put(c::LID, entry.lid.as_bytes(), rows::json(entry)?));
        }
        self.write(batch).await?;
        let mut numbers = lock(&self.numbers);
        let aliases = lock(&self.aliases);
        for entry in entries {
            numbers.insert(entry.lid.clone(), entry.phone_number.clone());
            if aliases.contains(&entry.lid) {
                // Nobody listens once the session ends; the next one finds it in the rows.
                let _told_later = self.resolved.send((entry.lid.clone(), entry.phone_number.clone()));
            }
        }
        Ok(())
    }

    async fn get_all_lid_mappings(&self) -> Result<Vec<LidPnMappingEntry>> {
        self.all(c::LID).await?.iter().map(|(_, value)| rows::from_json(value)).collect()
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Result<()> {
        let key = rows::key(&[address.as_bytes(), message_id.as_bytes()]);
        self.put(c::BASE_KEY, &key, Bytes::copy_from_slice(base_key)).await
    }

    async fn has_same_base_key(
        &self,
        address: &str,
        message_id: &str,
        current_base_key: &[u8],
    ) -> Result<bool> {
        let key = rows::key(&[address.as_bytes(), message_id.as_bytes()]);
        Ok(self.get(c::BASE_KEY, &key).await?.is_some_and(|saved| saved == current_base_key))
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Result<()> {
        self.delete(c::BASE_KEY, &rows::key(&[address.as_bytes(), message_id.as_bytes()])).await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Result<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Result<()> {
        let rows = records
            .iter()
            .map(|record| Ok(rows::put(c::DEVICE_LIST, record.user.as_bytes(), rows::json(record)?)));
        self.write(rows.collect::<Result<_>>()?).await
    }

    async fn get_devices(&self, user: &str) -> Result<Option<DeviceListRecord>> {
        self.get(c::DEVICE_LIST, user.as_bytes()).await?.map(|value| rows::from_json(&value)).transpose()
    }

    async fn delete_devices(&self, user: &str) -> Result<()> {
        self.delete(c::DEVICE_LIST, user.as_bytes()).await
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.get(c::GROUP, group_jid.as_bytes()).await?.map(Vec::from))
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Result<()> {
        self.put(c::GROUP, group_jid.as_bytes(), Bytes::copy_from_slice(blob)).await
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Result<()> {
        self.delete(c::GROUP, group_jid.as_bytes()).await
    }

    async fn get_tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        if let Some(known) = lock(&self.tokens).get(jid) {
            return Ok(known.clone());
        }
        let _gate = self.gate.lock().await;
        self.tc_token(jid).await
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        let _gate = self.gate.lock().await;
        self.write_tc_token(jid, entry).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Result<()> {
        let _gate = self.gate.lock().await;
        lock(&self.tokens).remove(jid);
        self.delete(c::TC_TOKEN, jid.as_bytes()).await
    }

    async fn get_all_tc_token_jids(&self) -> Result<Vec<String>> {
        let all = self.all(c::TC_TOKEN).await?;
        Ok(all.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect())
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        let _gate = self.gate.lock().await;
        lock(&self.tokens).clear();
        self.sweep(c::TC_TOKEN, |value| {
            rows::from_json::<TcTokenEntry>(value).is_ok_and(|entry| {
                let token_lives = !entry.token.is_empty() && entry.token_timestamp >= token_cutoff;
                let sender_lives = entry.sender_timestamp.is_some_and(|at| at >= sender_cutoff);
                !token_lives && !sender_lives
            })
        })
        .await
    }

    async fn touch_tc_token_sender_timestamp(&self, jid: &str, sender_timestamp: i64) -> Result<()> {
        let _gate = self.gate.lock().await;
        let entry = match self.tc_token(jid).await? {
            Some(entry) => {
                TcTokenEntry { sender_timestamp: entry.sender_timestamp.max(Some(sender_timestamp)), ..entry }
            }
            None => TcTokenEntry {
                token: Vec::new(),
                token_timestamp: sender_timestamp,
                sender_timestamp: Some(sender_timestamp),
            },
        };
        self.write_tc_token(jid, &entry).await
    }

    async fn store_received_tc_token(&self, jid: &str, token: &[u8], token_timestamp: i64) -> Result<()> {
        let _gate = self.gate.lock().await;
        let before = self.tc_token(jid).await?;
        // The newer token wins, whatever order they come in; a placeholder never stands in the way.
        if before.as_ref().is_some_and(|b| !b.token.is_empty() && token_timestamp < b.token_timestamp) {
            return Ok(());
        }
        let sender_timestamp = before.and_then(|before| before.sender_timestamp);
        self.write_tc_token(jid, &TcTokenEntry { token: token.to_vec(), token_timestamp, sender_timestamp })
            .await
    }

    async fn store_sent_message(&self, chat_jid: &str, message_id: &str, payload: &[u8]) -> Result<()> {
        let key = rows::key(&[chat_jid.as_bytes(), message_id.as_bytes()]);
        self.put(c::SENT, &key, rows::stamped(self.now_secs(), payload)).await
    }

    /// A phone could not read it and asks for it again, once: what fails here, nobody sees ever. So the database is asked until it
    /// answers, and the row stays until its time is over: the process may end before the answer is out.
    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Result<Option<Vec<u8>>> {
        let key = rows::key(&[chat_jid.as_bytes(), message_id.as_bytes()]);
        let Some(row) = self.key(c::SENT, &key).await? else { return Ok(None) };
        Ok(Some(rows::unstamp(&row)?.1.to_vec()))
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.sweep(c::SENT, |row| rows::unstamp(row).is_ok_and(|(at, _)| at < cutoff_timestamp)).await
    }

    async fn store_pending_inbound(&self, chat: &str, sender: &str, id: &str, message: &[u8]) -> Result<()> {
        self.store_pending_inbound_batch(&[PendingInboundRow { chat, sender, id, message }]).await
    }

    /// Until they are on disk, or the line is gone: whatsapp-rust goes on without a message that could not be kept, and with its
    /// key used up it is read by nobody when it comes again. While it waits, nothing behind it in its chat is read, and no key
    /// goes forward on disk.
    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        let now = self.now_secs();
        let batch: Vec<_> = rows
            .iter()
            .map(|row| {
                let key = pending_key(row.chat, row.sender, row.id);
                rows::put(c::PENDING_INBOUND, &key, rows::stamped(now, row.message))
            })
            .collect();
        let (mut error, waiting) = {
            let _no_key_passes_by = self.keeping.read().await;
            let Err(error) = self.write(batch.clone()).await else { return Ok(()) };
            (error, NotKept::new(&self.repeats, rows.iter().map(|row| row.id)))
        };
        while self.may_try_on("keeping a message", &error).await {
            match self.write(batch.clone()).await {
                Ok(()) => return Ok(()),
                Err(again) => error = again,
            }
        }
        waiting.give_up();
        Err(error)
    }

    async fn get_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<Option<Vec<u8>>> {
        let key = pending_key(chat, sender, id);
        let Some(row) = self.get(c::PENDING_INBOUND, &key).await? else {
            // This is asked of a message that came before. `None` has it acknowledged; an error leaves it on WhatsApp's side.
            if self.get(c::SAID_NOTHING, &key).await?.is_some() {
                return Ok(None);
            }
            return match self.first_copy(id) {
                FirstCopy::Taken => Ok(None),
                FirstCopy::Unknown | FirstCopy::Waits if self.host_has(chat, sender, id).await? => {
                    self.taken(id);
                    Ok(None)
                }
                FirstCopy::Unknown => Ok(Some(waproto::codec::message_to_vec(&convert::missed()))),
                FirstCopy::Waits => {
                    Err(StoreError::Database("its first copy may not be committed yet".into()))
                }
            };
        };
        Ok(Some(rows::unstamp(&row)?.1.to_vec()))
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<()> {
        self.delete_pending_inbound_batch(&[PendingInboundKey { chat, sender, id }]).await
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        let now = self.now_secs();
        let mut batch = Vec::with_capacity(keys.len());
        for key in keys {
            let row = pending_key(key.chat, key.sender, key.id);
            batch.push(rows::delete(c::PENDING_INBOUND, &row));
            if lock(&self.repeats).is_silent(key.id) {
                batch.push(rows::put(c::SAID_NOTHING, &row, rows::stamped(now, &[])));
            }
        }
        self.write(batch).await?;
        lock(&self.repeats).silence_is_noted(keys.iter().map(|key| key.id));
        Ok(())
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Result<u32> {
        // WhatsApp does not keep a message for its devices any longer than this either.
        self.sweep(c::SAID_NOTHING, |row| rows::unstamp(row).is_ok_and(|(at, _)| at < cutoff_timestamp))
            .await?;
        self.sweep(c::PENDING_INBOUND, |row| rows::unstamp(row).is_ok_and(|(at, _)| at < cutoff_timestamp))
            .await
    }
}
