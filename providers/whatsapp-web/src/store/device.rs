//! The device record, and the secrets of single messages.

use async_trait::async_trait;
use std::sync::Arc;
use wacore::{
    client_profile::ClientProfile,
    store::{
        Device,
        device::DEVICE_PROPS,
        error::Result,
        traits::{
            DeviceStore, MsgSecretEntry, MsgSecretStore, merge_msg_secret_expiry, merge_msg_secret_message_ts,
        },
    },
};

use super::{ONLY, SessionStore, collection as c, rows};
use crate::convert;

#[async_trait]
impl DeviceStore for SessionStore {
    async fn save(&self, device: &Device) -> Result<()> {
        self.put(c::DEVICE, ONLY, rows::json(device)?).await
    }

    async fn load(&self) -> Result<Option<Device>> {
        let Some(value) = self.get(c::DEVICE, ONLY).await? else { return Ok(None) };
        let mut device: Device = rows::from_json(&value)?;
        // Not in the record (serde skips them): how we present ourselves, set again at every start. The third, whether a
        // salt was seen in this run, begins as false.
        device.device_props = Arc::new(DEVICE_PROPS.clone());
        device.client_profile = ClientProfile::web();
        Ok(Some(device))
    }

    async fn exists(&self) -> Result<bool> {
        Ok(self.get(c::DEVICE, ONLY).await?.is_some())
    }

    async fn create(&self) -> Result<i32> {
        let _gate = self.gate.lock().await;
        if !self.exists().await? {
            DeviceStore::save(self, &Device::new()).await?;
        }
        // One store is one session; the number means nothing here.
        Ok(1)
    }
}

/// What is stored of a message's secret: the secret itself, then its expiry and its message's time.
fn secret_row(secret: &[u8], expires_at: i64, message_ts: i64) -> bytes::Bytes {
    let mut value = Vec::with_capacity(8 + secret.len());
    value.extend_from_slice(&message_ts.to_be_bytes());
    value.extend_from_slice(secret);
    rows::stamped(expires_at, &value)
}

fn read_secret(row: &[u8]) -> Result<(Vec<u8>, i64, i64)> {
    let (expires_at, rest) = rows::unstamp(row)?;
    let (message_ts, secret) = rows::unstamp(rest)?;
    Ok((secret.to_vec(), expires_at, message_ts))
}

fn secret_key(chat: &str, sender: &str, msg_id: &str) -> Vec<u8> {
    rows::key(&[chat.as_bytes(), sender.as_bytes(), msg_id.as_bytes()])
}

#[async_trait]
impl MsgSecretStore for SessionStore {
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        let _gate = self.gate.lock().await;
        let mut merged: std::collections::BTreeMap<Vec<u8>, bytes::Bytes> = std::collections::BTreeMap::new();
        // What we sent is changed by nobody but the owner, on the phone: too rare for a row with every send.
        for entry in entries.iter().filter(|entry| !convert::may_be_ours(&entry.msg_id)) {
            let key = secret_key(&entry.chat, &entry.sender, &entry.msg_id);
            let before = match merged.get(&key) {
                Some(row) => Some(row.clone()),
                None => self.get(c::MSG_SECRET, &key).await?,
            };
            let (expires_at, message_ts) = match before {
                Some(row) => {
                    let (_, expires_at, message_ts) = read_secret(&row)?;
                    (
                        merge_msg_secret_expiry(expires_at, entry.expires_at),
                        merge_msg_secret_message_ts(message_ts, entry.message_ts),
                    )
                }
                None => (entry.expires_at, entry.message_ts),
            };
            merged.insert(key, secret_row(&entry.secret, expires_at, message_ts));
        }
        if merged.is_empty() {
            return Ok(entries.len());
        }
        self.write(merged.into_iter().map(|(key, row)| rows::put(c::MSG_SECRET, &key, row)).collect())
            .await?;
        Ok(entries.len())
    }

    async fn get_msg_secret(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.get_msg_secret_with_ts(chat, sender, msg_id).await?.map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Result<Option<(Vec<u8>, i64)>> {
        let Some(row) = self.get(c::MSG_SECRET, &secret_key(chat, sender, msg_id)).await? else {
            return Ok(None);
        };
        let (secret, _, message_ts) = read_secret(&row)?;
        Ok(Some((secret, message_ts)))
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        let _gate = self.gate.lock().await;
        self.sweep(c::MSG_SECRET, |row| {
            read_secret(row).is_ok_and(|(_, expires_at, _)| expires_at != 0 && expires_at <= cutoff_timestamp)
        })
        .await
    }
}
