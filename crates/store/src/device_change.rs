//! Changing a device: what it is called, and its settings and secrets.

use std::collections::BTreeMap;

use cetar_model::{DeviceId, DeviceState, Health};

use crate::{
    DeviceChange, DeviceLease, Result, Store,
    db::{execute, fetch_optional, read},
    devices, leases,
    statement::statements,
};

statements! {
    LOCK = "SELECT state FROM devices WHERE workspace = $1 AND id = $2 AND removed_at IS NULL", postgres "FOR NO KEY UPDATE";
    RENAME = "UPDATE devices SET name = $2 WHERE id = $1";
    PACE = "UPDATE devices SET paced = $2 WHERE id = $1";
    SETTING = "SELECT value FROM device_settings WHERE device = $1 AND name = $2";
    FORGET = "DELETE FROM device_settings WHERE device = $1 AND name = $2";
    // As if it were linked anew: whoever gave the old link up looks again. Other credentials have another end.
    ANEW = "UPDATE devices SET linked_at = $2, credentials_until = NULL WHERE id = $1";
    // A session elsewhere has the old settings: it ends, and the next has the new ones.
    TAKE_BACK = "UPDATE devices SET lease_node = NULL, lease_until = NULL, lease_token = lease_token + 1 \
                 WHERE id = $1 AND lease_node <> $2";
}

impl Store {
    /// Changes what is given, in one transaction; false if this workspace has no such device. With other settings a device whose link
    /// had ended is `connecting` again, with its event, and a session that another node runs loses its lease.
    pub async fn change_device(&self, change: DeviceChange) -> Result<bool> {
        self.write(change, |tx, change| {
            Box::pin(async move {
                let DeviceChange { workspace, device, name, paced, settings, node, now } = change;
                let id = device.as_str();
                let Some((state,)) = fetch_optional!(tx, (String,), LOCK, workspace.as_str(), id)? else {
                    return Ok(false);
                };
                let state: DeviceState = read(&state, "devices", "state", id)?;
                if let Some(name) = name {
                    execute!(tx, RENAME, id, name)?;
                }
                if let Some(paced) = paced {
                    execute!(tx, PACE, id, *paced)?;
                }
                if settings.is_empty() {
                    return Ok(true);
                }
                for name in settings.keys() {
                    execute!(tx, FORGET, id, name)?;
                }
                devices::put_settings(tx, device, settings).await?;
                execute!(tx, ANEW, id, now.as_micros())?;
                execute!(tx, TAKE_BACK, id, node)?;
                if matches!(state, DeviceState::LoggedOut | DeviceState::Replaced) {
                    let health = Health::new(DeviceState::Connecting, None);
                    devices::set_health(tx, device, None, health, *now).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    /// A setting that the network renewed takes the place of what it was; false where it is something else by now, which a person gave.
    /// `LeaseLost` if the device is not held under this lease.
    pub async fn renew_setting(
        &self,
        device: &DeviceId,
        lease: DeviceLease,
        name: &'static str,
        (was, is): (&str, &str),
    ) -> Result<bool> {
        let args = (device.clone(), lease, name, was.to_owned(), is.to_owned());
        self.write(args, |tx, (device, lease, name, was, is)| {
            Box::pin(async move {
                leases::fence(tx, device, *lease).await?;
                let id = device.as_str();
                let Some((sealed,)) = fetch_optional!(tx, (Vec<u8>,), SETTING, id, *name)? else {
                    return Ok(false);
                };
                if devices::open_setting(&tx.ctx.sealer, device, name, &sealed)? != *was {
                    return Ok(false);
                }
                execute!(tx, FORGET, id, *name)?;
                let renewed = BTreeMap::from([((*name).to_owned(), is.clone())]);
                devices::put_settings(tx, device, &renewed).await?;
                Ok(true)
            })
        })
        .await
    }
}
