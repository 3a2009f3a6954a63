//! What the checker is given: what clients were told, and what others say has happened. Nothing here was read from the database.

use std::collections::HashMap;

/// A channel and a chat: messages of one lane go out in the order in which they were acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Lane {
    pub(crate) channel: &'static str,
    pub(crate) to: String,
}

impl Lane {
    /// The network knows a message by an id of ours, and drops the second of one id.
    pub(crate) fn drops_repeats(&self) -> bool {
        self.channel == "whatsapp"
    }
}

/// A send that was answered with 200.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledged {
    pub(crate) lane: Lane,
    /// Of no other send.
    pub(crate) text: String,
    pub(crate) job: String,
    pub(crate) message: String,
}

/// A send without an `Idempotency-Key` whose answer never came: nobody can know, and no client can ask again.
#[derive(Debug, Clone)]
pub(crate) struct Unanswered {
    pub(crate) lane: Lane,
    pub(crate) text: String,
}

/// A message at a peer.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The peer's; unknown where the witness knows only an id.
    pub(crate) lane: Option<Lane>,
    /// The network's id.
    pub(crate) id: String,
    /// What it says, where the witness can read it.
    pub(crate) text: Option<String>,
}

/// A webhook, as often as it came.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    /// Its `event`.
    pub(crate) event: String,
    /// `data.job_id` or, of a message that came in, `data.message_id`.
    pub(crate) subject: String,
    /// `data.text`, of a message that came in.
    pub(crate) text: Option<String>,
    /// The exact bytes.
    pub(crate) body: Vec<u8>,
    /// How often it came.
    pub(crate) times: usize,
}

/// `GET /v1/jobs/{id}` at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    pub(crate) status: String,
    /// The rest of the answer, for a person.
    pub(crate) shown: String,
}

impl Ending {
    /// The event that tells of it.
    pub(crate) fn event(&self) -> String {
        format!("message.{}", self.status)
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// In the order of the answers.
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) unanswered: Vec<Unanswered>,
    /// In the order of arrival.
    pub(crate) arrivals: Vec<Arrival>,
    /// Every receipt is kept until it is on disk, so `sent` is not the end of a message on WhatsApp. WhatsApp's library breaks
    /// this: it acknowledges receipts before it hands them over, and a kill in between loses them.
    pub(crate) receipts: bool,
    /// By webhook id.
    pub(crate) hooks: HashMap<String, Hook>,
    /// By job.
    pub(crate) endings: HashMap<String, Ending>,
    /// Texts that people wrote to us.
    pub(crate) written: Vec<String>,
}
