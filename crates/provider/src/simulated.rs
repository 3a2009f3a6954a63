//! What only a network has whose people are simulated: whoever tries things out says what they do, and what happens to the account.

use cetar_model::{Chat, Content, DownReason};

use crate::HostError;

/// What a simulated person does.
#[derive(Debug, Clone)]
pub struct PersonAct {
    /// Who; `None`: the owner, on the account's own phone.
    pub from: Option<Chat>,
    /// `from` is an alias (a WhatsApp LID).
    pub from_alias: bool,
    /// The number behind the alias. The network tells it a little later.
    pub number: Option<Chat>,
    /// The name they gave themselves.
    pub sender_name: Option<String>,
    /// Where: with themselves, with whom the owner writes to, or in a group.
    pub chat: Chat,
    /// `chat` is a group.
    pub group: bool,
    /// The network's id of what they write.
    pub remote_id: String,
    /// What they write, or the button they press. Its medium is stored with the gateway; what it is about is named by the network's id.
    pub content: Content,
    /// The network's id of the message they answer.
    pub reply_to: Option<String>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The people of this network are real.
    #[error("the people of this network are real")]
    PeopleAreReal,
    /// The account is down.
    #[error("the account is down: {0}")]
    AccountDown(DownReason),
    /// It could not be stored.
    #[error(transparent)]
    Host(#[from] HostError),
}
