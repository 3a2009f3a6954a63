//! WhatsApp's app state: sync keys, versions, mutation MACs.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use cetar_provider::StateWrite;
use wacore::{
    appstate::{hash::HashState, processor::AppStateMutationMAC},
    store::{
        error::Result,
        traits::{AppStateSyncKey, AppSyncStore},
    },
};

use super::{ONLY, SessionStore, collection as c, rows};

/// From so many MACs on, reading the whole collection once is cheaper than asking for each.
const MANY: usize = 64;

#[async_trait]
impl AppSyncStore for SessionStore {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        self.get(c::SYNC_KEY, key_id).await?.map(|value| rows::from_json(&value)).transpose()
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        self.write(vec![
            rows::put(c::SYNC_KEY, key_id, rows::json(&key)?),
            rows::put(c::SYNC_KEY_LATEST, ONLY, Bytes::copy_from_slice(key_id)),
        ])
        .await
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        match self.get(c::SYNC_VERSION, name.as_bytes()).await? {
            Some(value) => rows::from_json(&value),
            None => Ok(HashState::default()),
        }
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        self.put(c::SYNC_VERSION, name.as_bytes(), rows::json(&state)?).await
    }

    async fn put_mutation_macs(
        &self,
        name: &str,
        _version: u64,
        mutations: &[AppStateMutationMAC],
    ) -> Result<()> {
        let rows = mutations.iter().map(|mac| {
            let key = rows::key(&[name.as_bytes(), &mac.index_mac]);
            rows::put(c::MUTATION_MAC, &key, mac.value_mac.clone())
        });
        self.write(rows.collect()).await
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.get(c::MUTATION_MAC, &rows::key(&[name.as_bytes(), index_mac])).await?.map(Vec::from))
    }

    async fn get_mutation_macs(
        &self,
        name: &str,
        index_macs: &[[u8; 32]],
    ) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        let mut found = HashMap::with_capacity(index_macs.len());
        if index_macs.len() < MANY {
            for index_mac in index_macs {
                if let Some(mac) = self.get_mutation_mac(name, index_mac).await? {
                    found.insert(*index_mac, mac);
                }
            }
            return Ok(found);
        }
        let all: HashMap<Bytes, Bytes> = self.all(c::MUTATION_MAC).await?.into_iter().collect();
        for index_mac in index_macs {
            if let Some(mac) = all.get(rows::key(&[name.as_bytes(), index_mac]).as_slice()) {
                found.insert(*index_mac, mac.to_vec());
            }
        }
        Ok(found)
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        let rows = index_macs
            .iter()
            .map(|index_mac| rows::delete(c::MUTATION_MAC, &rows::key(&[name.as_bytes(), index_mac])));
        self.write(rows.collect()).await
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        let prefix = rows::prefix(&[name.as_bytes()]);
        let all = self.all(c::MUTATION_MAC).await?;
        let of_name = all.into_iter().filter(|(key, _)| key.starts_with(&prefix));
        self.write(of_name.map(|(key, _)| StateWrite::Delete { collection: c::MUTATION_MAC, key }).collect())
            .await
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.get(c::SYNC_KEY_LATEST, ONLY).await?.map(Vec::from))
    }
}
