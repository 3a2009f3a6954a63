//! Endpoints and deliveries, upkeep.

use cetar_model::{
    DeliveryId, DeviceId, EndpointId, EventId, EventType, Subscription, Timestamp, WorkspaceId,
};
use secrecy::SecretString;

/// A webhook endpoint.
#[derive(Debug, Clone)]
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
    /// The signing secret, `whsec_…`; sealed at rest.
    pub secret: SecretString,
    /// When and why it was switched off.
    pub disabled: Option<(Timestamp, String)>,
    /// When it was made.
    pub created_at: Timestamp,
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
    pub endpoint: Endpoint,
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
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// What went wrong: `status`, `crashed`, or one of `timeout`, `connect`, `tls`, `dns`, `refused_address`, `other` and
    /// what is known of it (`tls: certificate expired`).
    pub error: Option<String>,
    /// The first 16 KiB of the answer, as text.
    pub response: Option<String>,
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

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Cutoffs {
    /// Events, deliveries and their attempts older than this go.
    pub events: Timestamp,
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
