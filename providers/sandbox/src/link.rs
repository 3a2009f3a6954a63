//! Linking, with a simulated phone that scans at once.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cetar_model::{Clock, DownReason, LinkMethod};
use cetar_provider::{Account, Host, LinkError, LinkProcess, LinkRequest, LinkStep, Linked};

/// How long the QR or code is shown before the simulated phone takes it.
const PHONE_TAKES: Duration = Duration::from_secs(1);

/// How long a QR or code says it is valid.
const VALID_FOR: Duration = Duration::from_mins(1);

enum Next {
    Show(LinkStep),
    Connect,
    Finish,
    Nothing,
}

/// A QR or a code, then the phone takes it, then it is linked. Nothing is saved: a sandbox session needs no keys.
pub(crate) struct SandboxLink {
    next: Next,
    linked: Linked,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
}

impl SandboxLink {
    pub(crate) fn new(
        account: &Account,
        request: &LinkRequest,
        host: Arc<dyn Host>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let show = match request.method {
            LinkMethod::Qr => {
                LinkStep::Qr { data: format!("sandbox:{}", account.device), expires_in: VALID_FOR }
            }
            LinkMethod::PairingCode => LinkStep::Code { code: "SANDBOX1".to_owned(), expires_in: VALID_FOR },
        };
        let phone = request.phone.as_ref().map(|phone| phone.as_str().to_owned());
        let address = phone.or_else(|| account.address.clone()).unwrap_or_else(|| own_number(account));
        let linked = Linked { address, name: Some("Sandbox".to_owned()) };
        Self { next: Next::Show(show), linked, host, clock }
    }
}

/// A number for the account itself: no Indonesian number begins with 62 000, and it stays the device's.
fn own_number(account: &Account) -> String {
    let digits = account.device.as_str().bytes().rev().take(8).map(|byte| char::from(b'0' + byte % 10));
    "62000".chars().chain(digits).collect()
}

#[async_trait]
impl LinkProcess for SandboxLink {
    async fn next(&mut self) -> Result<LinkStep, LinkError> {
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Show(step) => {
                self.next = Next::Connect;
                Ok(step)
            }
            Next::Connect => {
                // Called again after being dropped half-way, it waits anew.
                self.next = Next::Connect;
                self.clock.sleep_until(self.clock.now() + PHONE_TAKES).await;
                self.next = Next::Finish;
                Ok(LinkStep::Connecting)
            }
            Next::Finish => {
                self.next = Next::Finish;
                let elsewhere = self.host.is_linked_elsewhere(&self.linked.address).await;
                self.next = Next::Nothing;
                if elsewhere.map_err(|error| LinkError::Failed(error.into()))? {
                    return Err(LinkError::Refused(DownReason::AlreadyLinked));
                }
                Ok(LinkStep::Done(self.linked.clone()))
            }
            Next::Nothing => Err(LinkError::Failed("linking is over".into())),
        }
    }
}
