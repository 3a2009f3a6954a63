//! The right to run a device: one holder at a time, and a token that rises with every taking.

use cetar_model::{DeviceId, Timestamp};

use crate::{
    DeviceLease, Result, Store, StoreError,
    db::{Tx, execute, fetch_optional},
    statement::statements,
};

statements! {
    TAKE = "UPDATE devices SET lease_node = $2, lease_until = $4, lease_token = lease_token + 1 \
            WHERE id = $1 AND removed_at IS NULL AND (lease_node IS NULL OR lease_node = $2 OR lease_until <= $3) \
            RETURNING lease_token";
    RENEW = "UPDATE devices SET lease_until = $4 WHERE id = $1 AND lease_node = $2 AND lease_token = $3 AND removed_at IS NULL";
    RELEASE = "UPDATE devices SET lease_node = NULL, lease_until = NULL WHERE id = $1 AND lease_token = $2";
    // Held until the commit: nobody can take the device in between and have our write land after theirs.
    FENCE = "SELECT id FROM devices WHERE id = $1 AND lease_token = $2 AND lease_node IS NOT NULL AND removed_at IS NULL",
        postgres "FOR SHARE";
}

impl Store {
    /// Takes the right to run a device; `None` while another node holds it. A node takes back its own at once.
    pub async fn lease_device(
        &self,
        id: &DeviceId,
        node: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<DeviceLease>> {
        self.write((id.clone(), node.to_owned(), now, until), |tx, (id, node, now, until)| {
            Box::pin(async move {
                let token =
                    fetch_optional!(tx, (i64,), TAKE, id.as_str(), node, now.as_micros(), until.as_micros())?;
                Ok(token.map(|(token,)| DeviceLease { token }))
            })
        })
        .await
    }

    /// Renews; returns those that are lost. A lease that ran out and that nobody took is still held: what counts is the token.
    pub async fn renew_devices(
        &self,
        node: &str,
        leases: &[(DeviceId, DeviceLease)],
        _now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<DeviceId>> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let mut leases = leases.to_vec();
        leases.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        self.write((node.to_owned(), leases, until), |tx, (node, leases, until)| {
            Box::pin(async move {
                let mut lost = Vec::new();
                for (id, lease) in leases {
                    if execute!(tx, RENEW, id.as_str(), node, lease.token, until.as_micros())? == 0 {
                        lost.push(id.clone());
                    }
                }
                Ok(lost)
            })
        })
        .await
    }

    /// Gives it up. Writes under this lease are refused from then on. Without effect if it is lost already.
    pub async fn release_device(&self, id: &DeviceId, lease: DeviceLease) -> Result<()> {
        self.write((id.clone(), lease), |tx, (id, lease)| {
            Box::pin(async move {
                execute!(tx, RELEASE, id.as_str(), lease.token)?;
                Ok(())
            })
        })
        .await
    }
}

/// Goes on only if the device is held under this lease, and keeps it so until the commit.
pub(crate) async fn fence(tx: &mut Tx, device: &DeviceId, lease: DeviceLease) -> Result<()> {
    match fetch_optional!(tx, (String,), FENCE, device.as_str(), lease.token)? {
        Some(_) => Ok(()),
        None => Err(StoreError::LeaseLost),
    }
}
