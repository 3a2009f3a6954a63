//! What Meta tells us at `/callbacks/meta`, for all three channels.

mod frame;
mod messaging;
mod verify;
mod whatsapp;

use bytes::Bytes;
use cetar_provider::{Account, Arrival, CallbackRefused, CallbackRequest, Callbacks};
use subtle::ConstantTimeEq as _;

use crate::settings::Credentials;

/// The settings that name an account as Meta's callbacks do.
const IDS: [&str; 4] = ["phone_number_id", "waba_id", "page_id", "account_id"];

/// How Meta calls us. Its state is nothing.
pub(crate) struct MetaCallbacks;

impl Callbacks for MetaCallbacks {
    fn path(&self) -> &'static str {
        "meta"
    }

    fn token(&self, account: &Account) -> Option<String> {
        Some(Credentials::read(account).ok()?.verify_token)
    }

    fn handshake(&self, request: &CallbackRequest, accounts: &[Account]) -> Option<Bytes> {
        if request.parameter("hub.mode") != Some("subscribe") {
            return None;
        }
        let given = request.parameter("hub.verify_token")?;
        let challenge = request.parameter("hub.challenge")?;
        let ours = |account: &Account| {
            let wanted = self.token(account)?;
            Some(bool::from(wanted.as_bytes().ct_eq(given.as_bytes())))
        };
        let known = accounts.iter().filter_map(ours).fold(false, |known, equal| known | equal);
        known.then(|| Bytes::copy_from_slice(challenge.as_bytes()))
    }

    fn named<'a>(&self, request: &CallbackRequest, accounts: &'a [Account]) -> Vec<&'a Account> {
        let ids = frame::ids(&request.body);
        let is_named = |account: &&Account| {
            let of = |name: &str| account.settings.get(name).is_some_and(|id| ids.contains(id.trim()));
            IDS.iter().any(|name| of(name))
        };
        if ids.is_empty() { Vec::new() } else { accounts.iter().filter(is_named).collect() }
    }

    fn read(
        &self,
        request: &CallbackRequest,
        accounts: &[&Account],
    ) -> Result<Vec<Arrival>, CallbackRefused> {
        let verified = verify::verify(request, accounts).ok_or(CallbackRefused::NotVerified)?;
        frame::read(&verified)
    }

    fn seems_signed(&self, request: &CallbackRequest) -> bool {
        verify::signature(request).is_some()
    }
}
