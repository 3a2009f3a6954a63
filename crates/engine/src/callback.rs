//! Networks that call us. Whatever is told is on disk before the call is answered, in one transaction for each account; a network that
//! gets no answer tells it again, and what is known by then changes nothing.
mod names;

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use cetar_model::{Chat, DeviceId};
use cetar_provider::{
    Account, Arrival, CallbackRefused, CallbackRequest, Callbacks, InboundMessage, Provider,
};
use cetar_store::{Device, NewCallback, NewForwarded, NewStatus, StoreError};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use crate::{Engine, auth::Caller, media::hex};

/// How long the names of all who wrote are waited for: the network waits for us meanwhile, and Meta wants its answer within a second.
const NAMES: Duration = Duration::from_millis(500);

/// Why a callback was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// No network of ours calls there.
    #[error("no network calls there")]
    NotFound,
    /// Not signed by a secret of ours, or not readable.
    #[error(transparent)]
    Refused(#[from] CallbackRefused),
    /// Not signed by a secret of the accounts it names, and too many others from this address were not either.
    #[error("too many wrong signatures from this address; it is asked again in {0:?}")]
    ShutOut(Duration),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a network that calls us is to be given.
pub struct CallbackPlace {
    /// The address to call.
    pub url: String,
    /// What it is to ask with whether the address is ours.
    pub token: Option<SecretString>,
}

impl Engine {
    /// Where the network of a device calls us; `None` if there is no such device, or its network does not call.
    pub async fn callback_place(
        &self,
        caller: &Caller,
        id: &DeviceId,
    ) -> Result<Option<CallbackPlace>, StoreError> {
        let Some(device) = self.device(caller, id).await? else { return Ok(None) };
        let Some(provider) = self.provider_of(&device).filter(|_| !device.sandbox).cloned() else {
            return Ok(None);
        };
        let Some(calls) = provider.callbacks() else { return Ok(None) };
        let url = format!("{}/callbacks/{}", self.base_url(), calls.path());
        let account = self.account(device).await?;
        Ok(Some(CallbackPlace { url, token: calls.token(&account).map(SecretString::from) }))
    }

    async fn account(&self, device: Device) -> Result<Account, StoreError> {
        Ok(Account {
            settings: self.inner.store.device_settings(&device.id).await?,
            channel: device.channel,
            address: device.address,
            device: device.id,
            language: cetar_model::Language::Indonesian,
            credentials_until: device.health.credentials_until,
        })
    }

    /// The answer to a network that asks whether this address is ours; `None` if it does not know a secret of ours.
    pub async fn answer_callback(
        &self,
        path: &str,
        request: &CallbackRequest,
    ) -> Result<Option<Bytes>, CallbackError> {
        let (provider, accounts) = self.callers(path).await?;
        Ok(callbacks(&*provider)?.handshake(request, &accounts))
    }

    /// Whether a call could be a network's, by its address and its head alone: before its body is read.
    pub fn expects_callback(&self, path: &str, request: &CallbackRequest) -> Result<(), CallbackError> {
        let provider = self.caller(path)?;
        if callbacks(&**provider)?.seems_signed(request) {
            Ok(())
        } else {
            Err(CallbackRefused::NotVerified.into())
        }
    }

    /// Takes in what a network tells. `Ok` means that it is on disk.
    pub async fn take_callback(
        &self,
        path: &str,
        request: &CallbackRequest,
        ip: IpAddr,
    ) -> Result<(), CallbackError> {
        let (provider, accounts) = self.callers(path).await?;
        for arrival in self.read_callback(callbacks(&*provider)?, request, &accounts, ip)? {
            self.take_arrival(arrival).await?;
        }
        Ok(())
    }

    /// Tries the secrets of the accounts that are named, whoever calls: nothing that is meant for one of them is ever turned away. All
    /// the others, one of whom may have signed what speaks of nobody here, are tried for an address only until twenty calls within a
    /// minute were signed by none: each costs the hash of a body of up to 3 MB.
    fn read_callback(
        &self,
        callbacks: &dyn Callbacks,
        request: &CallbackRequest,
        accounts: &[Account],
        ip: IpAddr,
    ) -> Result<Vec<Arrival>, CallbackError> {
        let (wrong, ip, now) = (&self.inner.wrong_signatures, ip.to_canonical(), self.now());
        let named = callbacks.named(request, accounts);
        let read = callbacks.read(request, &named);
        if !matches!(read, Err(CallbackRefused::NotVerified)) {
            return Ok(read?);
        }
        if let Some(left) = wrong.shut_out(ip, now) {
            return Err(CallbackError::ShutOut(left));
        }
        let read = callbacks.read(request, &accounts.iter().collect::<Vec<_>>());
        if matches!(read, Err(CallbackRefused::NotVerified)) {
            wrong.wrong(ip, now);
        }
        Ok(read?)
    }

    /// The network behind a callback's address, and all accounts it may speak of, as they were at most a second ago; a device that this
    /// process added or removed shows at once. (One that another process removed may be told of for that second: then the store takes
    /// nothing.)
    async fn callers(&self, path: &str) -> Result<(Arc<dyn Provider>, Arc<[Account]>), CallbackError> {
        let provider = self.caller(path)?;
        let load = self.accounts(|provider| calls(&**provider, path));
        let accounts = self.inner.callers.get(&path.to_owned(), self.now(), load).await?;
        Ok((Arc::clone(provider), accounts))
    }

    fn caller(&self, path: &str) -> Result<&Arc<dyn Provider>, CallbackError> {
        let mut real = self.inner.providers.real.values();
        real.find(|provider| calls(&***provider, path)).ok_or(CallbackError::NotFound)
    }

    async fn accounts(
        &self,
        calls: impl Fn(&Arc<dyn Provider>) -> bool,
    ) -> Result<Arc<[Account]>, StoreError> {
        let real = &self.inner.providers.real;
        let mut accounts = Vec::new();
        for device in self.inner.store.all_devices().await? {
            if device.sandbox || !real.get(&device.channel).is_some_and(&calls) {
                continue;
            }
            let id = device.id.clone();
            accounts.extend(readable(&id, self.account(device).await)?);
        }
        Ok(accounts.into())
    }

    async fn take_arrival(&self, arrival: Arrival) -> Result<(), StoreError> {
        let Arrival { device, forwarded, messages, statuses, watermarks, aliases, moves, templates } =
            arrival;
        let names = self.names(&device, &messages).await;
        let arriving: Vec<_> = messages
            .into_iter()
            .map(|mut message| {
                if message.sender_name.is_none() && !message.echo {
                    message.sender_name = names.get(&message.from).cloned();
                }
                self.arriving(&device, None, message)
            })
            .collect();
        let has_media = arriving.iter().any(|message| message.wanted.is_some());
        let callback = NewCallback {
            device: device.clone(),
            forwarded: forwarded.map(|forwarded| NewForwarded {
                fingerprint: hex(&Sha256::digest(forwarded.body.as_bytes())),
                event: forwarded.event,
                body: forwarded.body,
            }),
            messages: arriving,
            statuses: statuses
                .into_iter()
                .map(|status| NewStatus {
                    remote_id: status.remote_id,
                    message: status.message,
                    receipt: status.receipt,
                    part: status.part,
                    failure: status.failure,
                    at: status.at,
                })
                .collect(),
            watermarks: watermarks.into_iter().map(|it| (it.chat, it.receipt, it.until)).collect(),
            aliases,
            moves,
            templates,
            now: self.now(),
        };
        let taken = self.inner.store.take_callback(callback).await?;
        if let (true, Some(live)) = (taken.messages > 0 || taken.moved > 0, self.inner.sessions.live(&device))
        {
            // A job whose message the network has is done, which may free a lane.
            live.signals.wake.notify_one();
            if has_media {
                live.signals.media.notify_one();
            }
        }
        let new = u64::try_from(taken.messages).unwrap_or(u64::MAX);
        metrics::counter!("cetar_messages_received_total").increment(new);
        self.told();
        Ok(())
    }

    /// What the network calls those who wrote, where a session runs here that can ask.
    async fn names(&self, device: &DeviceId, messages: &[InboundMessage]) -> HashMap<Chat, String> {
        match self.inner.sessions.live(device) {
            Some(live) => names::ask(&*live.session, messages, self.pause(NAMES)).await,
            None => HashMap::new(),
        }
    }
}

fn calls(provider: &dyn Provider, path: &str) -> bool {
    provider.callbacks().is_some_and(|callbacks| callbacks.path() == path)
}

/// A device whose secrets do not open is left out: its own callbacks cannot be verified, and are told again once they can; everybody
/// else's must not wait for that.
fn readable<T>(device: &DeviceId, account: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match account {
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(%device, %error, "the device's callbacks cannot be verified; give it its settings anew");
            Ok(None)
        }
        account => account.map(Some),
    }
}

fn callbacks(provider: &dyn Provider) -> Result<&dyn Callbacks, CallbackError> {
    provider.callbacks().ok_or(CallbackError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_does_not_open_stops_its_own_device_only() {
        let device: DeviceId = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap();
        let corrupt =
            StoreError::Corrupt { table: "device_settings", column: "value", id: device.to_string() };
        assert_eq!(readable::<&str>(&device, Err(corrupt)).unwrap(), None);
        assert_eq!(readable(&device, Ok("its secret")).unwrap(), Some("its secret"));
        // Who cannot be asked for now may sign in a moment.
        let away = readable::<&str>(&device, Err(StoreError::Unavailable("full".to_owned())));
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    }
}
