//! Answers: whose message is answered, and where the replies in the answers to webhooks go.

use cetar_model::{Chat, DeliveryId, DeviceId, Direction, Writer};

use crate::{
    ReplyTarget, Result, Store,
    db::{fetch_optional, plain, read},
    statement::statements,
};

statements! {
    // Whoever gets Meta's own JSON speaks with Meta's words: there is no reply in its answer.
    TARGET = "SELECT m.workspace, m.device, m.channel, s.sandbox, c.chat, EXISTS \
                (SELECT 1 FROM delivery_attempts a WHERE a.delivery = d.id AND a.status BETWEEN 200 AND 299) AS answered \
              FROM deliveries d JOIN events v ON v.id = d.event JOIN messages m ON m.id = v.message \
                JOIN conversations c ON c.id = m.conversation JOIN devices s ON s.id = m.device \
              WHERE d.id = $1 AND m.channel <> 'whatsapp-official'";
    // Two branches, so that each has its index.
    WRITER = "SELECT m.direction, m.sender, m.sender_is_alias FROM messages m JOIN conversations c ON c.id = m.conversation \
              WHERE m.device = $1 AND m.remote_id = $2 AND m.direction = 'out' AND c.chat = $3 \
              UNION ALL \
              SELECT m.direction, m.sender, m.sender_is_alias FROM messages m JOIN conversations c ON c.id = m.conversation \
              WHERE m.device = $1 AND m.remote_id = $2 AND m.direction <> 'out' AND c.chat = $3 LIMIT 1";
}

impl Store {
    /// Who wrote the message of this chat that its network knows by this id: whether it was this account, and else from which address,
    /// which may be an alias. `None` if there is no such message, or nobody is named as its writer.
    pub async fn writer_of(&self, device: &DeviceId, chat: &Chat, remote_id: &str) -> Result<Option<Writer>> {
        type Row = (String, Option<String>, bool);
        let mut conn = self.read().await?;
        let row = fetch_optional!(conn, Row, WRITER, device.as_str(), &*plain(remote_id), chat.as_str())?;
        let Some((direction, sender, is_alias)) = row else { return Ok(None) };
        Ok(match read(&direction, "messages", "direction", remote_id)? {
            Direction::Out | Direction::Echo => Some(Writer::Us),
            Direction::In => sender.map(|address| Writer::Other { address: Chat::new(address), is_alias }),
        })
    }

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
