//! Endpoints and deliveries, upkeep.

use std::sync::Arc;

use cetar_model::{
    DeliveryId, DeliveryState, DeviceId, EndpointId, EndpointState, EventId, EventType, Subscription,
    Timestamp, WorkspaceId,
};
use secrecy::SecretString;

use super::ReplyOutcome;

/// A webhook endpoint, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Where events go.
    pub url: String,
    /// Which events; none means all.
    pub events: Vec<Subscription>,
    /// Only events of this device.
    pub device: Option<DeviceId>,
    /// The names of the headers it is sent beside ours.
    pub headers: Vec<String>,
    /// One delivery at a time, in the order of the events.
    pub ordered: bool,
    /// `X-Hub-Signature-256` is sent too.
    pub legacy_signature: bool,
    /// Replies in its answers are sent.
    pub replies: bool,
    /// Since when its owner wants nothing.
    pub paused_at: Option<Timestamp>,
    /// When and why it was switched off: `gone`, `failing`, `unreadable`.
    pub disabled: Option<(Timestamp, String)>,
    /// Attempts that failed since the last that succeeded.
    pub failures: u32,
    /// When the first of these ended.
    pub failing_since: Option<Timestamp>,
    /// Nothing is sent before.
    pub not_before: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Endpoint {
    /// How it is. One that failed is failing until an attempt succeeds: who looks at it must not read that it is well.
    pub const fn state(&self) -> EndpointState {
        if self.disabled.is_some() {
            EndpointState::Disabled
        } else if self.paused_at.is_some() {
            EndpointState::Paused
        } else if self.failures > 0 {
            EndpointState::Failing
        } else {
            EndpointState::Active
        }
    }
}

/// An endpoint's headers, name and value.
pub type Headers = Vec<(String, SecretString)>;

/// An endpoint to add, with what is sealed of it.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Its open part; the names of `headers` are taken from below.
    pub endpoint: Endpoint,
    /// The signing secret, `whsec_…`.
    pub secret: SecretString,
    /// Its own headers.
    pub headers: Headers,
}

/// What to change of an endpoint; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct EndpointChange {
    /// Where events go. A new address begins with a clean record.
    pub url: Option<String>,
    /// Which events.
    pub events: Option<Vec<Subscription>>,
    /// Only events of this device; `Some(None)`: of all.
    pub device: Option<Option<DeviceId>>,
    /// All its headers.
    pub headers: Option<Headers>,
    /// One at a time, in order.
    pub ordered: Option<bool>,
    /// `X-Hub-Signature-256` too.
    pub legacy_signature: Option<bool>,
    /// Send the replies in its answers.
    pub replies: Option<bool>,
}

/// What its owner does with an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointAct {
    /// Sends nothing more for a while; events are kept for it.
    Pause,
    /// Goes on.
    Resume,
    /// Switches a disabled one on again, with a clean record.
    Enable,
}

/// Where a delivery goes and what it carries.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which endpoint.
    pub id: EndpointId,
    /// Its address.
    pub url: String,
    /// Its own headers.
    pub headers: Headers,
    /// Those that sign, the present one first.
    pub secrets: Vec<SecretString>,
    /// `X-Hub-Signature-256` is wanted too.
    pub legacy_signature: bool,
    /// A reply in its answer is to be sent.
    pub replies: bool,
}

/// How many deliveries may be under way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    /// To any.
    pub each: usize,
    /// Those that lately answered at once.
    pub quick: Vec<EndpointId>,
    /// To one of these.
    pub of_quick: usize,
    /// To all of one workspace.
    pub of_workspace: usize,
}

impl From<usize> for Shares {
    /// The same for all.
    fn from(each: usize) -> Self {
        Self { each, quick: Vec::new(), of_quick: each, of_workspace: usize::MAX }
    }
}

/// A delivery under our lease.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    /// Which.
    pub delivery: DeliveryId,
    /// What happened; the `webhook-id`.
    pub event: EventId,
    /// Its name.
    pub event_type: EventType,
    /// The exact body.
    pub body: String,
    /// Where it goes.
    pub endpoint: Arc<Target>,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// When the delivery was made.
    pub created_at: Timestamp,
    /// Fences the outcome.
    pub lease_token: i64,
}

/// The outcome of a delivery's attempt.
#[derive(Debug, Clone)]
pub struct DeliverySettlement {
    /// Which.
    pub delivery: DeliveryId,
    /// The node that claimed it.
    pub node: String,
    /// The lease it was claimed under.
    pub lease_token: i64,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Where it went.
    pub url: String,
    /// The names of the endpoint's own headers that went along.
    pub headers: Vec<String>,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// What went wrong: `status`, `crashed`, or one of `timeout`, `connect`, `tls`, `dns`, `refused_address`, `other` and
    /// what is known of it (`tls: certificate expired`).
    pub error: Option<String>,
    /// The first 16 KiB of the answer, as text.
    pub response: Option<String>,
    /// What became of the reply in it, if there was one.
    pub reply: Option<ReplyOutcome>,
    /// What follows.
    pub next: DeliveryNext,
}

/// What follows an attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryNext {
    /// The receiver has it.
    Delivered,
    /// Another attempt.
    Again(Timestamp),
    /// No further attempt by itself; kept.
    Dead,
    /// 410: the receiver wants no more of anything. The endpoint is switched off.
    EndpointGone,
}

/// What an attempt changed about its endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointTurn {
    /// Nothing worth telling.
    Same,
    /// So many failures in a row: it is left alone but for probes.
    Opened(u32),
    /// It is back after failures that had opened its circuit: what waits for a later attempt can go now.
    Closed,
    /// It was switched off, for this reason; the other endpoints are told.
    Disabled(&'static str),
}

/// A delivery, for its owner to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which.
    pub id: DeliveryId,
    /// To which endpoint.
    pub endpoint: EndpointId,
    /// Of which event; the `webhook-id`.
    pub event: EventId,
    /// The event's name.
    pub event_type: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made, the one under way included; since the last time it was sent anew.
    pub attempts: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is tried next, if it waits. An endpoint that is paused, disabled or failing may make it later.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was delivered or parked.
    pub finished_at: Option<Timestamp>,
    /// The status of the last attempt that ended.
    pub status: Option<u16>,
    /// What went wrong in it.
    pub error: Option<String>,
}

/// A delivery with all there is about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDetail {
    /// It.
    pub delivery: Delivery,
    /// The exact body.
    pub body: String,
    /// Every attempt, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

/// A line of the delivery log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Where it went; `None` where the process ended during it.
    pub url: Option<String>,
    /// The names of the endpoint's own headers that went along.
    pub headers: Vec<String>,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// As in [`DeliverySettlement::error`].
    pub error: Option<String>,
    /// The first 16 KiB of the answer.
    pub response: Option<String>,
    /// What became of the reply in it.
    pub reply: Option<ReplyOutcome>,
    /// When the next attempt was to follow.
    pub next_at: Option<Timestamp>,
}

/// Which deliveries of an endpoint to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only those that stand there.
    pub state: Option<DeliveryState>,
    /// Only of these events.
    pub event: Option<Subscription>,
    /// Made then or later.
    pub since: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
    /// Older than this one.
    pub after: Option<String>,
}

/// What became of the wish to send a delivery again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resend {
    /// It is due now; or under way already.
    Done,
    /// This workspace has no such delivery, or its endpoint was removed.
    NotFound,
    /// Its endpoint is disabled.
    EndpointDisabled,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Cutoffs {
    /// Events, deliveries and their attempts older than this go.
    pub events: Timestamp,
    /// What waits for an endpoint that was paused before this waits no more: it goes like the rest.
    pub paused: Timestamp,
    /// Attempts of jobs that are closed, older than this, go.
    pub job_attempts: Timestamp,
    /// What was received before this is forgotten: offered again by a network, it would be taken for new.
    pub received: Timestamp,
    /// Idempotency keys that expired before this go.
    pub idempotency: Timestamp,
}

/// Figures of the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// Jobs ready or running.
    pub open: i64,
    /// When the oldest of them was accepted.
    pub oldest: Option<Timestamp>,
    /// Deliveries waiting or running.
    pub deliveries: i64,
    /// Jobs that are dead.
    pub dead: i64,
}
