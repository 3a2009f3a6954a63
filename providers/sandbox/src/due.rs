//! What the network will tell us later: receipts, answers, numbers behind aliases. Saved before the send is acknowledged, deleted after it was
//! told and committed; a restart between the two tells it twice, which is harmless, as on a real network.

use std::collections::BTreeMap;

use bytes::Bytes;
use cetar_model::{Chat, Content, Receipt, Timestamp};
use cetar_provider::{Host, HostError, Inbound, InboundMessage, InboundReceipt, StateWrite};
use serde::{Deserialize, Serialize};

use crate::people;

/// Where it is kept in the session's state.
const COLLECTION: &str = "due";

/// At most this many are told before the session looks up again.
const AT_ONCE: usize = 256;

/// One thing to be told.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Due {
    /// When.
    pub(crate) at: Timestamp,
    /// Whose message it is about, or who answers.
    pub(crate) chat: Chat,
    /// The network's id of the message it is about.
    pub(crate) remote_id: String,
    /// What.
    pub(crate) news: News,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// A receipt for it.
    Receipt(Receipt),
    /// A message in return.
    Answer(Box<Content>),
    /// The number of this person behind the alias, which is the chat.
    Number(Chat),
}

impl Due {
    /// Follows from the message and the kind of news, so that a repeated send plans nothing twice.
    fn key(&self) -> Bytes {
        let kind = match &self.news {
            News::Receipt(receipt) => receipt.as_str(),
            News::Answer(_) => "answer",
            News::Number(_) => "number",
        };
        Bytes::from(format!("{}/{kind}", self.remote_id))
    }
}

/// Everything still to be told, by time.
#[derive(Default)]
pub(crate) struct Calendar(BTreeMap<(Timestamp, Bytes), Due>);

impl Calendar {
    /// What was still to be told when the session ended last.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostError> {
        let mut calendar = Self::default();
        let mut unreadable = Vec::new();
        for (key, value) in host.load_all(COLLECTION).await? {
            match serde_json::from_slice(&value) {
                Ok(due) => calendar.add([due]),
                Err(_) => unreadable.push(StateWrite::Delete { collection: COLLECTION, key }),
            }
        }
        if !unreadable.is_empty() {
            tracing::warn!(count = unreadable.len(), "simulated news of another version dropped");
            host.save(unreadable).await?;
        }
        Ok(calendar)
    }

    /// Plans.
    pub(crate) fn add(&mut self, news: impl IntoIterator<Item = Due>) {
        self.0.extend(news.into_iter().map(|due| ((due.at, due.key()), due)));
    }

    /// When there is something to tell next.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.0.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out what is due at `now`, earliest first.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<Due> {
        let mut taken = Vec::new();
        while taken.len() < AT_ONCE
            && let Some(entry) = self.0.first_entry()
            && entry.key().0 <= now
        {
            taken.push(entry.remove());
        }
        taken
    }
}

/// The write that keeps it over a restart.
pub(crate) fn kept(due: &Due) -> Result<StateWrite, serde_json::Error> {
    let value = Bytes::from(serde_json::to_vec(due)?);
    Ok(StateWrite::Put { collection: COLLECTION, key: due.key(), value })
}

/// Tells the host, then forgets. Receipts of one kind go out together, as networks send them, and the weaker kinds first.
pub(crate) async fn tell(host: &dyn Host, news: Vec<Due>) -> Result<(), HostError> {
    let mut told: Vec<_> =
        news.iter().map(|due| StateWrite::Delete { collection: COLLECTION, key: due.key() }).collect();
    let mut receipts: BTreeMap<Receipt, InboundReceipt> = BTreeMap::new();
    let (mut answers, mut numbers) = (Vec::new(), Vec::new());
    for due in news {
        match due.news {
            News::Receipt(receipt) => {
                let together = receipts.entry(receipt).or_insert_with(|| InboundReceipt {
                    remote_ids: Vec::new(),
                    receipt,
                    failure: None,
                    at: due.at,
                });
                together.remote_ids.push(due.remote_id);
                together.at = together.at.max(due.at);
            }
            News::Number(number) => {
                told.push(people::number(&due.chat, &number));
                numbers.push(Inbound::Resolved { alias: due.chat, number });
            }
            News::Answer(content) => answers.push(InboundMessage {
                // Follows from the message it answers: told twice, it is still one message.
                remote_id: format!("{}-answer", due.remote_id),
                chat: due.chat.clone(),
                from: due.chat,
                from_alias: false,
                group: false,
                echo: false,
                sender_name: Some("Sandbox".to_owned()),
                content: *content,
                reply_to: Some(due.remote_id),
                raw: None,
                sent_at: due.at,
            }),
        }
    }
    for receipt in receipts.into_values() {
        host.emit(Inbound::Receipt(receipt)).await?;
    }
    for answer in answers {
        told.push(people::has_written(&answer.chat));
        host.emit(Inbound::Message(answer)).await?;
    }
    for number in numbers {
        host.emit(number).await?;
    }
    host.save(told).await
}
