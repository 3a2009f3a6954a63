//! Events: written with what they tell of, and with one delivery for each endpoint that wants them.

use std::sync::Arc;

use cetar_model::{
    DeliveryId, DeviceId, Event, EventId, EventType, MessageId, Subscription, Timestamp, WorkspaceId,
};

use crate::{
    Result,
    db::{Tx, execute, execute_rows, fetch_all, json, read_json},
    statement::{Multi, statements},
};

statements! {
    ENDPOINTS = "SELECT id, events, device FROM endpoints \
                 WHERE workspace = $1 AND removed_at IS NULL AND disabled_at IS NULL ORDER BY id";
    INSERT = "INSERT INTO events (id, workspace, type, device, message, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
}

pub(crate) static DELIVERIES: Multi = Multi::new(
    "events::DELIVERIES",
    "INSERT INTO deliveries (id, workspace, event, endpoint, state, run_at, attempts, lease_token, created_at) VALUES ",
    "($, $, $, $, 'ready', $, 0, 0, $)",
    "",
    "",
);

#[cfg(test)]
pub(crate) static MULTIS: &[&Multi] = &[&DELIVERIES];

/// An event about to be written.
pub(crate) struct NewEvent<'a> {
    /// Given, where the caller made it; else the store makes it.
    pub(crate) id: Option<&'a EventId>,
    pub(crate) workspace: &'a WorkspaceId,
    pub(crate) message: Option<&'a MessageId>,
    pub(crate) event: &'a Event,
    pub(crate) now: Timestamp,
}

/// Writes the event, and a delivery for each enabled endpoint of its workspace that covers it.
pub(crate) async fn emit(tx: &mut Tx, new: NewEvent<'_>) -> Result<()> {
    let NewEvent { id, workspace, message, event, now } = new;
    let id = match id {
        Some(id) => id.clone(),
        None => tx.ctx.ids.make::<EventId>(now),
    };
    write(tx, &id, workspace, message, event, now).await?;
    let device = event.session_id.as_ref().map(DeviceId::as_str);
    let endpoints = endpoints(tx, workspace).await?;
    let mut deliveries = Vec::new();
    for endpoint in endpoints.iter() {
        if endpoint.wants(event.event, device) {
            deliveries.push((tx.ctx.ids.make::<DeliveryId>(now), endpoint.id.as_str()));
        }
    }
    tx.delivers |= !deliveries.is_empty();
    execute_rows!(tx, DELIVERIES, [], &deliveries, |(delivery, endpoint)| [
        delivery.as_str(),
        workspace.as_str(),
        id.as_str(),
        *endpoint,
        now.as_micros(),
        now.as_micros(),
    ]);
    Ok(())
}

/// Writes the event alone.
pub(crate) async fn write(
    tx: &mut Tx,
    id: &EventId,
    workspace: &WorkspaceId,
    message: Option<&MessageId>,
    event: &Event,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        INSERT,
        id.as_str(),
        workspace.as_str(),
        event.event.as_str(),
        event.session_id.as_ref().map(DeviceId::as_str),
        message.map(MessageId::as_str),
        json(event)?,
        now.as_micros(),
    )?;
    Ok(())
}

/// An endpoint, as far as it matters for who gets what.
pub(crate) struct Listener {
    id: String,
    events: Vec<Subscription>,
    device: Option<String>,
}

impl Listener {
    /// An event must not fail over somebody's subscription, nor be lost to them.
    pub(crate) fn read(id: String, events: &str, device: Option<String>) -> Self {
        let events = read_json(events, "endpoints", "events", &id).unwrap_or_else(|error| {
            tracing::error!(%error, "a subscription cannot be read; its endpoint gets every event");
            Vec::new()
        });
        Self { id, events, device }
    }

    /// No subscription at all means every event.
    pub(crate) fn wants(&self, event: EventType, device: Option<&str>) -> bool {
        let covered =
            self.events.is_empty() || self.events.iter().any(|subscription| subscription.covers(event));
        covered && (self.device.is_none() || self.device.as_deref() == device)
    }
}

/// A workspace's enabled endpoints; read once in a transaction, which may write many events.
async fn endpoints(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Arc<Vec<Listener>>> {
    if let Some(known) = tx.listeners.get(workspace) {
        return Ok(Arc::clone(known));
    }
    let mut listeners = Vec::new();
    for (id, events, device) in
        fetch_all!(tx, (String, String, Option<String>), ENDPOINTS, workspace.as_str())?
    {
        listeners.push(Listener::read(id, &events, device));
    }
    let listeners = Arc::new(listeners);
    tx.listeners.insert(workspace.clone(), Arc::clone(&listeners));
    Ok(listeners)
}
