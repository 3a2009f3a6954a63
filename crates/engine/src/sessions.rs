//! What runs for each device, for those who want to wake it, ask it, or tell it something.
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use cetar_model::DeviceId;
use cetar_provider::{LinkRequest, Provider, Session};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::{link, lock};

/// Commands that may wait for one keeper. They come from people; more than a few at once is a mistake.
const COMMANDS: usize = 16;

/// What a person can ask of a device's keeper.
pub(crate) enum Command {
    /// End the session and start another on the same link.
    Restart,
    /// End the link.
    Logout(oneshot::Sender<()>),
    /// Link it, telling each step.
    Link(LinkRequest, link::Teller),
}

/// The keeper does not take more commands at the moment.
#[derive(Debug)]
pub(crate) struct Busy;

/// One session that runs here.
pub(crate) struct Live {
    pub(crate) device: DeviceId,
    pub(crate) session: Arc<dyn Session>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) signals: Arc<Signals>,
}

impl Live {
    /// Whether a send may be tried now.
    pub(crate) fn can_send(&self) -> bool {
        self.session.health().state.can_send()
    }
}

/// Between a session's host, its worker, and everybody else.
#[derive(Default)]
pub(crate) struct Signals {
    /// There may be something to send.
    pub(crate) wake: Notify,
    /// There may be something to read from the network.
    pub(crate) media: Notify,
    told: AtomicU64,
}

impl Signals {
    /// The session told its health.
    pub(crate) fn health_told(&self) {
        self.told.fetch_add(1, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// How often the session has told its health so far.
    pub(crate) fn times_told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }
}

/// What a keeper is given at its start.
pub(crate) struct Post {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) nudge: Arc<Notify>,
}

struct Mailbox {
    sender: mpsc::Sender<Command>,
    /// Until a keeper takes it: a command may come before its keeper has started.
    receiver: Option<mpsc::Receiver<Command>>,
    nudge: Arc<Notify>,
}

impl Default for Mailbox {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(COMMANDS);
        Self { sender, receiver: Some(receiver), nudge: Arc::default() }
    }
}

/// Of all devices.
#[derive(Default)]
pub(crate) struct Sessions {
    live: RwLock<HashMap<DeviceId, Arc<Live>>>,
    mailboxes: Mutex<HashMap<DeviceId, Mailbox>>,
    elsewhere: Mutex<HashSet<DeviceId>>,
    /// Wakes the supervisor.
    pub(crate) changed: Notify,
}

impl Sessions {
    /// The session of a device, if it runs here.
    pub(crate) fn live(&self, device: &DeviceId) -> Option<Arc<Live>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).get(device).cloned()
    }

    /// Wakes the worker of a device, if its session runs here. Another node looks for itself within a second.
    pub(crate) fn wake(&self, device: &DeviceId) {
        if let Some(live) = self.live(device) {
            live.signals.wake.notify_one();
        }
    }

    /// The list of devices, or what is wanted of one, may have changed.
    pub(crate) fn reconcile(&self) {
        self.changed.notify_one();
    }

    /// What is wanted of this device may have changed: its keeper looks.
    pub(crate) fn look(&self, device: &DeviceId) {
        if let Some(mailbox) = lock(&self.mailboxes).get(device) {
            mailbox.nudge.notify_one();
        }
    }

    /// The same, and it may be new or gone: the supervisor looks too.
    pub(crate) fn nudge(&self, device: &DeviceId) {
        self.look(device);
        self.reconcile();
    }

    /// Tells a device's keeper what to do. It waits for the keeper if there is none yet.
    pub(crate) fn command(&self, device: &DeviceId, command: Command) -> Result<(), Busy> {
        let sent = {
            let mut mailboxes = lock(&self.mailboxes);
            let mailbox = mailboxes.entry(device.clone()).or_default();
            if mailbox.sender.is_closed() {
                // Its keeper has ended; the next one finds the command.
                *mailbox = Mailbox::default();
            }
            mailbox.sender.try_send(command)
        };
        self.reconcile();
        sent.map_err(|_full| Busy)
    }

    /// The mailbox for a new keeper.
    pub(crate) fn post(&self, device: &DeviceId) -> Post {
        let mut mailboxes = lock(&self.mailboxes);
        let mailbox = mailboxes.entry(device.clone()).or_default();
        let nudge = Arc::clone(&mailbox.nudge);
        let commands = mailbox.receiver.take().unwrap_or_else(|| {
            // The keeper before it ended, and its mailbox with it.
            let (sender, receiver) = mpsc::channel(COMMANDS);
            mailbox.sender = sender;
            receiver
        });
        Post { commands, nudge }
    }

    /// Forgets a device that is gone.
    pub(crate) fn forget(&self, device: &DeviceId) {
        lock(&self.mailboxes).remove(device);
        lock(&self.elsewhere).remove(device);
    }

    /// Remembers whether another node runs it.
    pub(crate) fn set_elsewhere(&self, device: &DeviceId, elsewhere: bool) {
        let mut set = lock(&self.elsewhere);
        if elsewhere {
            set.insert(device.clone());
        } else {
            set.remove(device);
        }
    }

    /// Whether another node runs it.
    pub(crate) fn is_elsewhere(&self, device: &DeviceId) -> bool {
        lock(&self.elsewhere).contains(device)
    }

    /// Makes a session known, until the guard is dropped.
    pub(crate) fn enter(&self, live: Arc<Live>) -> Entered<'_> {
        let device = live.device.clone();
        self.live.write().unwrap_or_else(PoisonError::into_inner).insert(device.clone(), live);
        Entered { sessions: self, device }
    }
}

/// A session that is known to others.
pub(crate) struct Entered<'s> {
    sessions: &'s Sessions,
    device: DeviceId,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.sessions.live.write().unwrap_or_else(PoisonError::into_inner).remove(&self.device);
    }
}
