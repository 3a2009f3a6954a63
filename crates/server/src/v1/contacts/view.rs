//! A contact as the API shows it.

use cetar_model::{Channel, ContactId};
use cetar_store::Contact;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Time, openapi::schema};

/// Somebody on a channel.
#[derive(Serialize, ToSchema)]
#[schema(as = Contact)]
pub(crate) struct ContactData {
    /// Their id.
    #[schema(value_type = String, example = "ctc_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: ContactId,
    /// On which channel.
    #[schema(value_type = schema::Channel)]
    channel: Channel,
    /// Their address there.
    #[schema(example = "6281234567890")]
    address: String,
    /// What you call them, else what they call themselves.
    #[schema(required, example = "Budi")]
    name: Option<String>,
    /// What they call themselves.
    #[schema(required)]
    profile_name: Option<String>,
    /// What they are filed under.
    #[schema(example = json!(["pelanggan"]))]
    labels: Vec<String>,
    /// What is worth knowing.
    #[schema(required)]
    note: Option<String>,
    /// When they last wrote.
    #[schema(required)]
    seen_at: Option<Time>,
    /// When we first heard of them.
    created_at: Time,
}

impl From<Contact> for ContactData {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id,
            channel: contact.channel,
            address: contact.address,
            name: contact.own_name.or_else(|| contact.name.clone()),
            profile_name: contact.name,
            labels: contact.labels,
            note: contact.note,
            seen_at: contact.seen_at.map(Time::from),
            created_at: contact.created_at.into(),
        }
    }
}
