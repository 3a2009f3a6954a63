//! Who wants no messages any more.

use cetar_model::{
    Channel, Chat, ContactData, DeviceId, Event, EventData, EventType, Timestamp, WorkspaceId,
};

use crate::{
    NewReach, Result, Store,
    db::{Tx, fetch_optional, read},
    events::{self, NewEvent},
    inbound, leases,
    statement::statements,
};

statements! {
    MARK = "UPDATE conversations SET unreachable_since = $3 WHERE device = $1 AND chat = $2 AND unreachable_since IS NULL \
            RETURNING workspace, channel, is_group";
    LIFT = "UPDATE conversations SET unreachable_since = NULL \
            WHERE device = $1 AND chat = $2 AND unreachable_since IS NOT NULL RETURNING workspace, channel, is_group";
}

impl Store {
    /// Notes that the other side of a conversation wants no messages any more, or wants them again, and tells of it; false if that was
    /// known, was told before under the same id, or is of somebody nobody has written to. `LeaseLost` if the device is not held under
    /// this lease.
    pub async fn note_reach(&self, new: NewReach) -> Result<bool> {
        self.write(new, |tx, new| {
            Box::pin(async move {
                leases::fence(tx, &new.device, new.lease).await?;
                if !inbound::first_time(tx, new.device.as_str(), new.chat.as_str(), &new.remote_id, new.now)
                    .await?
                {
                    return Ok(false);
                }
                note(tx, &new.device, &new.chat, new.reachable, new.at, new.now).await
            })
        })
        .await
    }
}

/// Notes it, and tells of it if it is news. `at` is when it happened, as far as is known.
pub(crate) async fn note(
    tx: &mut Tx,
    device: &DeviceId,
    chat: &Chat,
    reachable: bool,
    at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    type Row = (String, String, bool);
    let (id, address) = (device.as_str(), chat.as_str());
    let changed = if reachable {
        fetch_optional!(tx, Row, LIFT, id, address)?
    } else {
        fetch_optional!(tx, Row, MARK, id, address, at.as_micros())?
    };
    let Some((workspace, channel, group)) = changed else { return Ok(false) };
    let workspace: WorkspaceId = read(&workspace, "conversations", "workspace", id)?;
    let channel: Channel = read(&channel, "conversations", "channel", id)?;
    let event = Event {
        event: if reachable { EventType::ContactUnblocked } else { EventType::ContactBlocked },
        channel: Some(channel),
        session_id: Some(device.clone()),
        data: EventData::Contact(ContactData { to: address.to_owned(), group, timestamp: at.as_secs() }),
    };
    events::emit(tx, NewEvent { id: None, workspace: &workspace, message: None, event: &event, now }).await?;
    Ok(true)
}
