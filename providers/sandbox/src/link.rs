//! Linking, with a simulated phone that scans at once, or as it was asked to.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use cetar_model::{Chat, Clock, DownReason, LinkMethod, LinkOutcome};
use cetar_provider::{Account, Host, LinkError, LinkProcess, LinkRequest, LinkStep, Linked};

/// How long the QR or code is shown before the simulated phone takes it.
const PHONE_TAKES: Duration = Duration::from_secs(1);

/// How long a QR or code says it is valid.
const VALID_FOR: Duration = Duration::from_mins(1);

/// The same where nobody uses it: WhatsApp replaces a QR every 20 s, and nobody wants to wait for that here.
const UNUSED_FOR: Duration = Duration::from_secs(5);

/// So many QRs are shown before the network gives up.
const QRS: usize = 4;

/// One thing that goes on between the network and the phone.
enum Move {
    Show(LinkStep),
    Pass(Duration),
    /// The network looks whose account it is, and links it.
    Finish,
    End(LinkError),
}

/// Nothing is saved: a sandbox session needs no keys.
pub(crate) struct SandboxLink {
    moves: VecDeque<Move>,
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
        let phone = request.phone.as_ref().map(|phone| phone.as_str().to_owned());
        let address = phone.unwrap_or_else(|| own_address(account).to_string());
        let linked = Linked { address, name: Some("Sandbox".to_owned()) };
        let outcome = request.outcome.unwrap_or(LinkOutcome::Linked);
        Self { moves: moves(account, request.method, outcome).into(), linked, host, clock }
    }
}

/// What goes on, as with a real network: what it ends with is told at the same point.
fn moves(account: &Account, method: LinkMethod, outcome: LinkOutcome) -> Vec<Move> {
    let shown = |number: usize, expires_in: Duration| {
        let device = &account.device;
        Move::Show(match (method, number) {
            (LinkMethod::Qr, 1) => LinkStep::Qr { data: format!("sandbox:{device}"), expires_in },
            (LinkMethod::Qr, _) => LinkStep::Qr { data: format!("sandbox:{device}:{number}"), expires_in },
            (LinkMethod::PairingCode, _) => LinkStep::Code { code: "SANDBOX1".to_owned(), expires_in },
        })
    };
    let refused = |reason| Move::End(LinkError::Refused(reason));
    let (used, taken) = (shown(1, VALID_FOR), Move::Pass(PHONE_TAKES));
    let connecting = Move::Show(LinkStep::Connecting);
    match outcome {
        LinkOutcome::Linked => vec![used, taken, connecting, Move::Finish],
        LinkOutcome::Expired => {
            let times = if method == LinkMethod::Qr { QRS } else { 1 };
            let waited = (1..=times).flat_map(|number| [shown(number, UNUSED_FOR), Move::Pass(UNUSED_FOR)]);
            waited.chain([refused(DownReason::LinkExpired)]).collect()
        }
        // The phone asks for it before it agrees to anything.
        LinkOutcome::Passkey => vec![used, taken, refused(DownReason::PasskeyRequired)],
        LinkOutcome::AlreadyLinked => vec![used, taken, connecting, refused(DownReason::AlreadyLinked)],
        LinkOutcome::Banned => vec![used, taken, refused(DownReason::Banned)],
        LinkOutcome::TooManyAttempts => vec![Move::End(failed(
            "the network takes no pairing code for this number now; wait a while, or link by QR",
        ))],
    }
}

fn failed(why: &str) -> LinkError {
    LinkError::Failed(why.into())
}

/// The account's own address: the one it was linked with, or a number that stays the device's. No Indonesian number begins with 62 000.
pub(crate) fn own_address(account: &Account) -> Chat {
    let digits = || account.device.as_str().bytes().rev().take(8).map(|byte| char::from(b'0' + byte % 10));
    Chat::new(account.address.clone().unwrap_or_else(|| "62000".chars().chain(digits()).collect()))
}

#[async_trait]
impl LinkProcess for SandboxLink {
    async fn next(&mut self) -> Result<LinkStep, LinkError> {
        // Called again after being dropped half-way, it waits anew.
        while let Some(Move::Pass(time)) = self.moves.front() {
            self.clock.sleep_until(self.clock.now() + *time).await;
            self.moves.pop_front();
        }
        if let Some(Move::Finish) = self.moves.front() {
            let elsewhere = self.host.is_linked_elsewhere(&self.linked.address).await;
            self.moves.clear();
            if elsewhere.map_err(|error| LinkError::Failed(error.into()))? {
                return Err(LinkError::Refused(DownReason::AlreadyLinked));
            }
            return Ok(LinkStep::Done(self.linked.clone()));
        }
        match self.moves.pop_front() {
            Some(Move::Show(step)) => Ok(step),
            Some(Move::End(error)) => Err(error),
            Some(Move::Pass(_) | Move::Finish) | None => Err(failed("linking is over")),
        }
    }
}
