//! Who wants no messages any more.

use cetar_model::{Chat, DeviceId, Timestamp};

use crate::{DeviceLease, Result, Store, db::execute, leases, statement::statements};

statements! {
    MARK = "UPDATE conversations SET unreachable_since = $3 WHERE device = $1 AND chat = $2";
}

impl Store {
    /// Notes since when the other side of a conversation wants no messages; `None`: it wants them again. Whom nobody has written to is
    /// not noted. `LeaseLost` if the device is not held under this lease.
    pub async fn set_unreachable(
        &self,
        device: &DeviceId,
        lease: DeviceLease,
        chat: &Chat,
        since: Option<Timestamp>,
    ) -> Result<()> {
        self.write((device.clone(), lease, chat.clone(), since), |tx, (device, lease, chat, since)| {
            Box::pin(async move {
                leases::fence(tx, device, *lease).await?;
                execute!(tx, MARK, device.as_str(), chat.as_str(), since.map(Timestamp::as_micros))?;
                Ok(())
            })
        })
        .await
    }
}
