//! Linking an account: by QR, or by a code typed into the phone.
//!
//! The client runs on a task of its own, so that it disconnects in order whatever becomes of the person who waits: a client
//! that is cut off half-way leaves state that a later one trips over.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cetar_model::{BoxError, DeviceId, DownReason, LinkMethod};
use cetar_provider::{Host, HostError, LinkError, LinkProcess, LinkRequest, LinkStep, Linked, StateWrite};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use wacore::{
    iq::devices::RemoveCompanionDeviceSpec,
    types::events::{Event, PairSuccess},
};
use whatsapp_rust::{
    Client,
    bot::BotHandle,
    pair_code::{PairCodeOptions, PairCodeRejection},
};

use crate::{
    acks::Acks,
    client::{self, EventSink, Told, Wiring, Word},
    convert,
    debts::Debts,
    health::HealthBoard,
    inbound::LeaveThere,
    life::closed,
    settings::{Linking, Settings},
    store::SessionStore,
    transport::{Wire, WireState},
};

/// What the phone needs to show its answer after a code was typed in at the last moment.
const TYPED_AT_THE_LAST_MOMENT: Duration = Duration::from_secs(15);

/// How long a new connection may take before a new code is asked for on it.
const CONNECTION: Duration = Duration::from_secs(30);

/// A link under way, seen from the one who waits.
pub(crate) struct Link {
    steps: mpsc::Receiver<Result<LinkStep, LinkError>>,
    _ends_it: DropGuard,
}

#[async_trait]
impl LinkProcess for Link {
    async fn next(&mut self) -> Result<LinkStep, LinkError> {
        self.steps.recv().await.unwrap_or_else(|| Err(failed("linking is over")))
    }
}

fn failed(what: impl Into<BoxError>) -> LinkError {
    LinkError::Failed(what.into())
}

/// Begins to link.
pub(crate) fn begin(
    settings: Arc<Settings>,
    device: DeviceId,
    request: LinkRequest,
    host: Arc<dyn Host>,
    alone: Arc<tokio::sync::Mutex<()>>,
    tasks: &TaskTracker,
) -> Result<Link, LinkError> {
    let code = match (request.method, request.phone) {
        (LinkMethod::Qr, _) => None,
        (LinkMethod::PairingCode, Some(phone)) => {
            Some(PairCodeOptions { phone_number: phone.as_str().to_owned(), ..PairCodeOptions::default() })
        }
        (LinkMethod::PairingCode, None) => {
            return Err(failed("a pairing code needs the account's phone number"));
        }
    };
    let (to, steps) = mpsc::channel(8);
    let stop = CancellationToken::new();
    let ends_it = stop.clone().drop_guard();
    tasks.spawn(async move {
        // A client of an earlier attempt may still be on its way out. A session that runs would not end by our waiting.
        let alone = tokio::time::timeout(settings.linking.finish, alone.lock());
        let linked = match stop.run_until_cancelled(alone).await {
            None => return,
            Some(Err(_elapsed)) => Err(failed("a session of this device still runs")),
            Some(Ok(_alone)) => link(&settings, code, host, &to, &stop).await,
        };
        match &linked {
            Ok(_) => tracing::info!(%device, "linked"),
            Err(error) => tracing::info!(%device, %error, "not linked"),
        }
        // By now the client is fully disconnected. Nobody may wait any more.
        let _nobody_waits = to.send(linked.map(LinkStep::Done)).await;
    });
    Ok(Link { steps, _ends_it: ends_it })
}

async fn link(
    settings: &Settings,
    code: Option<PairCodeOptions>,
    host: Arc<dyn Host>,
    to: &mpsc::Sender<Result<LinkStep, LinkError>>,
    stop: &CancellationToken,
) -> Result<Linked, LinkError> {
    host.save(vec![StateWrite::ClearAll]).await.map_err(of_host)?;
    let (store, _resolved) = SessionStore::open(Arc::clone(&host)).await.map_err(of_host)?;
    let wire = WireState::new();
    let (events_to, events) = mpsc::unbounded_channel();
    let sink = EventSink {
        wire: wire.clone(),
        board: Arc::new(HealthBoard::new()),
        acks: Arc::new(Acks::default()),
        host: Arc::clone(&host),
        to: events_to,
        debts: Debts::new(settings.unconfirmed_max),
    };
    let changes = wire.subscribe();
    let hook = LeaveThere;
    let wiring =
        Wiring { store: Arc::clone(&store), wire: wire.clone(), sink, hook, pair_code: code.clone() };
    let mut wire = wire.subscribe();
    let bot = client::build(settings, wiring).await.map_err(|error| failed(error.to_string()))?;
    let mut handle = bot.spawn();
    let mut talk = Talk {
        client: handle.client(),
        to,
        limits: settings.linking,
        code,
        codes: 0,
        connection: None,
        shown: false,
        paired: None,
        deadline: Instant::now() + settings.linking.overall,
        code_until: None,
        requests: JoinSet::new(),
    };
    let linked = tokio::select! {
        biased;
        () = stop.cancelled() => Err(failed("linking was given up")),
        () = store.lease_lost().cancelled() => Err(of_host(HostError::LeaseLost)),
        linked = async {
            let linked = talk.listen(events, changes, &mut handle).await?;
            only_here(settings, &talk.client, &*host, linked).await
        } => linked,
    };
    talk.requests.shutdown().await;
    drop(talk);
    let mut ended = std::pin::pin!(handle.shutdown());
    tokio::select! {
        biased;
        () = &mut ended => store.let_go(),
        // What the client waits for may be a database that is away.
        () = closed(&mut wire) => {
            store.let_go();
            ended.await;
        }
    }
    linked
}

/// An account is one device of its workspace. If it is another one already, WhatsApp is told that this link is not wanted: it
/// would stand in the phone's list, and take one of its few places, for nothing.
async fn only_here(
    settings: &Settings,
    client: &Client,
    host: &dyn Host,
    linked: Linked,
) -> Result<Linked, LinkError> {
    match host.is_linked_elsewhere(&linked.address).await {
        Ok(false) => return Ok(linked),
        Ok(true) => {}
        Err(HostError::LeaseLost) => return Err(of_host(HostError::LeaseLost)),
        // The phone considers it linked: that must not be lost because the database is away for a moment.
        Err(HostError::Unavailable(error)) => {
            tracing::warn!(%error, "whether another device has this account could not be looked up");
            return Ok(linked);
        }
    }
    let undo = async {
        match client.pn() {
            Some(own) => client.execute(RemoveCompanionDeviceSpec::new(&own)).await.is_ok(),
            None => false,
        }
    };
    let undone = tokio::time::timeout(settings.send_timeout, undo).await.unwrap_or(false);
    // The end of the connection can overtake the answer: that it did not come does not mean that nothing was done.
    tracing::info!(confirmed = undone, "the account is another device's already; this link was undone");
    Err(LinkError::Refused(DownReason::AlreadyLinked))
}

fn of_host(error: HostError) -> LinkError {
    match error {
        HostError::LeaseLost => LinkError::Refused(DownReason::HeldByAnotherNode),
        HostError::Unavailable(error) => LinkError::Failed(error),
    }
}

/// What goes on between the network, the phone and the person.
struct Talk<'a> {
    client: Arc<Client>,
    to: &'a mpsc::Sender<Result<LinkStep, LinkError>>,
    limits: Linking,
    /// With a pairing code: for whom.
    code: Option<PairCodeOptions>,
    /// Codes shown.
    codes: u32,
    /// The connection that is open.
    connection: Option<u64>,
    /// Something was shown on it.
    shown: bool,
    /// The phone's yes.
    paired: Option<PairSuccess>,
    deadline: Instant,
    /// Until when the code shown can be typed in.
    code_until: Option<Instant>,
    requests: JoinSet<()>,
}

impl Talk<'_> {
    async fn listen(
        &mut self,
        mut events: mpsc::UnboundedReceiver<Told>,
        mut wire: watch::Receiver<Wire>,
        handle: &mut BotHandle,
    ) -> Result<Linked, LinkError> {
        loop {
            let deadline = self
                .code_until
                .filter(|_| self.paired.is_none())
                .map_or(self.deadline, |at| at.min(self.deadline));
            tokio::select! {
                biased;
                Some(told) = events.recv() => {
                    if let Word::Event(event) = told.word
                        && let Some(linked) = self.on_event(&event).await?
                    {
                        return Ok(linked);
                    }
                }
                Ok(()) = wire.changed() => self.on_wire(*wire.borrow_and_update())?,
                () = tokio::time::sleep_until(deadline) => return Err(self.expired()),
                () = &mut *handle => {
                    // If the client said why it ended, that word is still in the channel.
                    while let Ok(told) = events.try_recv() {
                        if let Word::Event(event) = told.word && let Some(linked) = self.on_event(&event).await? {
                            return Ok(linked);
                        }
                    }
                    return Err(failed("WhatsApp ended the connection"));
                }
                Some(_done) = self.requests.join_next() => {}
            }
        }
    }

    fn expired(&self) -> LinkError {
        match self.paired {
            Some(_) => failed("the phone agreed, but the first login did not come about"),
            None => LinkError::Refused(DownReason::LinkExpired),
        }
    }

    /// Before the phone's yes a connection that ends is made again by the library, and shows new codes; one that ended before
    /// it showed any, or cannot be made, will not do better the next time. After the yes WhatsApp itself closes it once.
    fn on_wire(&mut self, wire: Wire) -> Result<(), LinkError> {
        if self.paired.is_some() {
            return Ok(());
        }
        match wire {
            Wire::Failed => Err(failed("WhatsApp cannot be reached")),
            Wire::Closed => self.connection_ended(),
            Wire::Open(number) => {
                // A change so quick that the end of the one before was not seen.
                let unseen = self.connection.is_some();
                let ended = if unseen { self.connection_ended() } else { Ok(()) };
                self.connection = Some(number);
                ended
            }
            Wire::Ready(_) => Ok(()),
        }
    }

    fn connection_ended(&mut self) -> Result<(), LinkError> {
        self.connection = None;
        if !std::mem::take(&mut self.shown) {
            return Err(failed("WhatsApp ended the connection"));
        }
        self.code_until = None;
        self.another_code()
    }

    async fn on_event(&mut self, event: &Event) -> Result<Option<Linked>, LinkError> {
        match event {
            Event::PairingQrCode(qr) if self.code.is_none() => {
                self.show(LinkStep::Qr { data: qr.code.clone(), expires_in: qr.timeout }).await?;
            }
            Event::PairingQrCodesExhausted(_) if self.code.is_none() => return Err(self.expired()),
            Event::PairingCode(code) => {
                self.codes += 1;
                self.code_until = Some(Instant::now() + code.timeout + TYPED_AT_THE_LAST_MOMENT);
                self.show(LinkStep::Code { code: as_the_phone_shows(&code.code), expires_in: code.timeout })
                    .await?;
            }
            Event::PairingCodeRefresh(_) => self.another_code()?,
            Event::PairingCodeError(error) => return Err(refused_code(error.rejection, &error.error)),
            Event::PairSuccess(success) => {
                self.deadline = Instant::now() + self.limits.finish;
                self.paired = Some(success.clone());
                self.show(LinkStep::Connecting).await?;
            }
            Event::PairError(error) => return Err(failed(error.error.clone())),
            Event::PairPasskeyRequest(_) | Event::PairPasskeyError(_) => {
                return Err(LinkError::Refused(DownReason::PasskeyRequired));
            }
            Event::QrScannedWithoutMultidevice(_) => {
                return Err(failed("the phone's WhatsApp is too old to link devices"));
            }
            Event::Connected(_) => return Ok(self.paired.as_ref().map(|paired| self.linked(paired))),
            Event::LoggedOut(out) => {
                return Err(LinkError::Refused(
                    convert::closed_door(out.reason).unwrap_or(DownReason::LoggedOut),
                ));
            }
            Event::TemporaryBan(_) => return Err(LinkError::Refused(DownReason::Banned)),
            Event::ClientOutdated(_) => return Err(LinkError::Refused(DownReason::VersionOutdated)),
            Event::ConnectFailure(failure) => {
                return Err(convert::closed_door(failure.reason).map_or_else(
                    || failed(format!("WhatsApp refused the connection: {:?}", failure.reason)),
                    LinkError::Refused,
                ));
            }
            _ => {}
        }
        Ok(None)
    }

    fn linked(&self, paired: &PairSuccess) -> Linked {
        let name =
            [self.client.push_name(), paired.business_name.clone()].into_iter().find(|name| !name.is_empty());
        Linked { address: paired.id.user.to_string(), name }
    }

    async fn show(&mut self, step: LinkStep) -> Result<(), LinkError> {
        self.shown = true;
        self.to.send(Ok(step)).await.map_err(|_nobody_waits| failed("linking was given up"))
    }

    /// The phone could not use the code (it was mistyped, or WhatsApp wants a fresh one): a new one is shown, as WhatsApp's
    /// own client does, a few times.
    fn another_code(&mut self) -> Result<(), LinkError> {
        let Some(options) = self.code.clone() else { return Ok(()) };
        if self.codes >= self.limits.codes {
            return Err(LinkError::Refused(DownReason::LinkExpired));
        }
        let client = Arc::clone(&self.client);
        self.requests.spawn(async move {
            // Both outcomes come as events, like those of the first code.
            if client.wait_for_socket(CONNECTION).await.is_ok() {
                let _comes_as_an_event = client.pair_with_code(options).await;
            }
        });
        Ok(())
    }
}

/// `ABCD-EFGH`: two groups of four, as the phone asks for it.
fn as_the_phone_shows(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, second)) if !code.contains('-') => format!("{first}-{second}"),
        _ => code.to_owned(),
    }
}

fn refused_code(rejection: Option<PairCodeRejection>, error: &str) -> LinkError {
    match rejection {
        Some(PairCodeRejection::FeatureNotAvailable) => LinkError::NotSupported,
        Some(rejection) if rejection.is_throttled() => {
            failed("WhatsApp takes no pairing code for this number now; wait a while, or link by QR")
        }
        _ => failed(error.to_owned()),
    }
}
