//! Replies in the answers to webhooks: where they go.

use cetar_model::{Chat, DeliveryId};

use crate::{
    ReplyTarget, Result, Store,
    db::{fetch_optional, read},
    statement::statements,
};

statements! {
    // Whoever gets Meta's own JSON speaks with Meta's words: there is no reply in its answer.
    TARGET = "SELECT m.workspace, m.device, m.channel, s.sandbox, c.chat, EXISTS \
                (SELECT 1 FROM delivery_attempts a WHERE a.delivery = d.id AND a.status BETWEEN 200 AND 299) AS answered \
              FROM deliveries d JOIN events v ON v.id = d.event JOIN messages m ON m.id = v.message \
                JOIN conversations c ON c.id = m.conversation JOIN devices s ON s.id = m.device \
              WHERE d.id = $1 AND m.channel <> 'whatsapp-official'";
}

impl Store {
    /// Where a reply to this delivery goes: the chat that its message came from. `None` if it tells of no message.
    pub async fn reply_target(&self, delivery: &DeliveryId) -> Result<Option<ReplyTarget>> {
        type Row = (String, String, String, bool, String, bool);
        let mut conn = self.read().await?;
        let id = delivery.as_str();
        let Some(row) = fetch_optional!(conn, Row, TARGET, id)? else { return Ok(None) };
        let (workspace, device, channel, sandbox, chat, answered) = row;
        Ok(Some(ReplyTarget {
            workspace: read(&workspace, "messages", "workspace", id)?,
            device: read(&device, "messages", "device", id)?,
            channel: read(&channel, "messages", "channel", id)?,
            sandbox,
            chat: Chat::new(chat),
            answered,
        }))
    }
}
