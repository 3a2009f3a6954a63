//! A session's own state: sealed values under a collection and a key, written under the device's lease.

use std::collections::BTreeMap;

use bytes::Bytes;
use cetar_model::DeviceId;

use crate::{
    DeviceLease, Result, StateChange, Store, StoreError,
    db::{Tx, corrupt, execute, execute_rows, fetch_all, fetch_optional},
    leases,
    seal::Place,
    statement::{Multi, statements},
};

statements! {
    GET = "SELECT value FROM session_state WHERE device = $1 AND collection = $2 AND key = $3";
    ALL = "SELECT key, value FROM session_state WHERE device = $1 AND collection = $2 ORDER BY key";
    DELETE = "DELETE FROM session_state WHERE device = $1 AND collection = $2 AND key = $3";
    CLEAR = "DELETE FROM session_state WHERE device = $1 AND collection = $2";
    CLEAR_ALL = "DELETE FROM session_state WHERE device = $1";
}

static PUT: Multi = Multi::new(
    "state::PUT",
    "INSERT INTO session_state (device, collection, key, value) VALUES ",
    "($, $, $, $)",
    " ON CONFLICT (device, collection, key) DO UPDATE SET value = excluded.value",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&PUT];

impl Store {
    /// One entry. A value that does not open is [`Corrupt`](StoreError::Corrupt), named by device and collection.
    pub async fn state(&self, device: &DeviceId, collection: &str, key: &[u8]) -> Result<Option<Bytes>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, (Vec<u8>,), GET, device.as_str(), collection, key)?
            .map(|(value,)| self.unseal(device, collection, key, &value))
            .transpose()
    }

    /// All entries of a collection, by key.
    pub async fn state_all(&self, device: &DeviceId, collection: &str) -> Result<Vec<(Bytes, Bytes)>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, (Vec<u8>, Vec<u8>), ALL, device.as_str(), collection)?
            .into_iter()
            .map(|(key, value)| {
                let value = self.unseal(device, collection, &key, &value)?;
                Ok((Bytes::from(key), value))
            })
            .collect()
    }

    /// All or nothing, durable, fenced by the lease. Changes take effect in their order.
    pub async fn save_state(
        &self,
        device: &DeviceId,
        lease: DeviceLease,
        changes: Vec<StateChange>,
    ) -> Result<()> {
        self.write((device.clone(), lease, changes), |tx, (device, lease, changes)| {
            Box::pin(async move {
                leases::fence(tx, device, *lease).await?;
                save(tx, device.as_str(), changes).await
            })
        })
        .await
    }

    fn unseal(&self, device: &DeviceId, collection: &str, key: &[u8], value: &[u8]) -> Result<Bytes> {
        let row = [device.as_str().as_bytes(), collection.as_bytes(), key];
        let plain = self.inner.ctx.sealer.open(place(&row), value);
        let plain = plain.ok_or_else(|| corrupt("session_state", "value", &format!("{device}/{collection}")));
        plain.map(Bytes::from)
    }
}

/// Forgets one entry, whoever holds the device: the network has called.
pub(crate) async fn forget(tx: &mut Tx, device: &str, collection: &str, key: &[u8]) -> Result<()> {
    execute!(tx, DELETE, device, collection, key).map(drop)
}

/// Entries to be put, by collection and key: the last value of each wins.
type Puts<'a> = BTreeMap<(&'a str, &'a [u8]), Vec<u8>>;

/// What is put between two deletions goes in together: a session that is being linked puts a thousand keys.
async fn save(tx: &mut Tx, device: &str, changes: &[StateChange]) -> Result<()> {
    let mut puts = Puts::new();
    for change in changes {
        if let StateChange::Put(collection, key, value) = change {
            let row = [device.as_bytes(), collection.as_bytes(), key];
            let sealed = tx.ctx.sealer.seal(tx.ctx.ids.random(), place(&row), value);
            let sealed = sealed.ok_or_else(|| StoreError::internal("a value could not be sealed"))?;
            puts.insert((collection, key), sealed);
            continue;
        }
        put(tx, device, &mut puts).await?;
        match change {
            StateChange::Put(..) => 0,
            StateChange::Delete(collection, key) => execute!(tx, DELETE, device, *collection, &key[..])?,
            StateChange::Clear(collection) => execute!(tx, CLEAR, device, *collection)?,
            StateChange::ClearAll => execute!(tx, CLEAR_ALL, device)?,
        };
    }
    put(tx, device, &mut puts).await
}

async fn put(tx: &mut Tx, device: &str, puts: &mut Puts<'_>) -> Result<()> {
    let rows: Vec<_> = std::mem::take(puts).into_iter().collect();
    execute_rows!(tx, PUT, [], &rows, |((collection, key), value)| [
        device,
        *collection,
        *key,
        value.as_slice()
    ]);
    Ok(())
}

const fn place<'a>(row: &'a [&'a [u8]]) -> Place<'a> {
    Place { table: "session_state", column: "value", row }
}
