//! The frame around what Meta tells: whose it is, and cutting it up between accounts.

use std::{borrow::Cow, collections::HashSet};

use cetar_model::{DeviceId, EventType};
use cetar_provider::{Arrival, CallbackRefused, Forwarded};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{messaging, verify::Verified, whatsapp};
use crate::settings::Credentials;

#[derive(Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(borrow, default)]
    object: Cow<'a, str>,
    #[serde(borrow, default)]
    entry: Vec<Entry<'a>>,
}

/// Members that are passed on are kept as they came.
#[derive(Deserialize)]
pub(super) struct Entry<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    changes: Vec<&'a RawValue>,
    #[serde(default)]
    pub(super) messaging: Vec<Value>,
    #[serde(default)]
    standby: Vec<Value>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow, default)]
    field: Cow<'a, str>,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// An id, which may be a text or a number.
pub(super) fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn frames(text: &str) -> serde_json::Result<Vec<Frame<'_>>> {
    // Some of Meta's examples have an array around it.
    match text.trim_start().as_bytes().first() {
        Some(b'[') => serde_json::from_str(text),
        _ => serde_json::from_str(text).map(|frame| vec![frame]),
    }
}

/// The ids that a body names: of business accounts, pages and Instagram accounts, and of phone numbers. It may be anybody's body, and
/// proves nothing.
pub(super) fn ids(body: &[u8]) -> HashSet<String> {
    #[derive(Deserialize)]
    struct Numbered {
        #[serde(default)]
        metadata: Value,
    }
    let frames = std::str::from_utf8(body).ok().and_then(|text| frames(text).ok()).unwrap_or_default();
    let mut ids = HashSet::new();
    for entry in frames.iter().flat_map(|frame| &frame.entry) {
        ids.extend(entry.own_id());
        let numbers = entry.changes.iter().filter_map(|raw| {
            let change: Change<'_> = serde_json::from_str(raw.get()).ok()?;
            let value: Numbered = serde_json::from_str(change.value.get()).ok()?;
            id_of(&value.metadata["phone_number_id"])
        });
        ids.extend(numbers);
    }
    ids
}

pub(super) fn read(verified: &Verified<'_>) -> Result<Vec<Arrival>, CallbackRefused> {
    let text = std::str::from_utf8(verified.body()).map_err(|_| CallbackRefused::Unreadable)?;
    let frames = frames(text).map_err(|_| CallbackRefused::Unreadable)?;
    let mut arrivals = Vec::new();
    for frame in &frames {
        match &*frame.object {
            "whatsapp_business_account" => {
                let whole = (frames.len() == 1).then_some(text);
                arrivals.extend(official(frame, whole, verified.signers()));
            }
            "page" | "instagram" => {
                for entry in &frame.entry {
                    let id = entry.own_id();
                    let mine =
                        verified.signers().iter().filter(|(_, account)| Some(&account.id) == id.as_ref());
                    let items = entry.items();
                    arrivals
                        .extend(mine.map(|(device, account)| messaging::arrival(device, account, &items)));
                }
            }
            other => {
                let object: String = other.chars().take(40).collect();
                tracing::warn!(object, "Meta told of an object we do not know; it is not kept");
            }
        }
    }
    Ok(arrivals)
}

impl Entry<'_> {
    fn own_id(&self) -> Option<String> {
        id_of(&serde_json::from_str(self.id?.get()).ok()?)
    }

    /// What happened, in either envelope: `messaging`, `standby`, or Instagram's `changes` of the field `messages`.
    fn items(&self) -> Vec<Value> {
        let changed = self.changes.iter().filter_map(|raw| {
            let change: Change<'_> = serde_json::from_str(raw.get()).ok()?;
            (change.field == "messages").then(|| serde_json::from_str(change.value.get()).ok())?
        });
        self.messaging.iter().chain(&self.standby).cloned().chain(changed).collect()
    }
}

/// What one account is told of a `WhatsApp` frame, as it is put together.
struct Share<'f> {
    arrival: Arrival,
    /// Which changes, by entry.
    changes: Vec<(usize, &'f RawValue)>,
    has_messages: bool,
    has_echoes: bool,
}

/// Gives each change to the accounts it speaks of. One that speaks of a number goes to that number's account; one that speaks of a business
/// account (a template's review, say) to every account of it.
fn official(frame: &Frame<'_>, whole: Option<&str>, signers: &[(DeviceId, Credentials)]) -> Vec<Arrival> {
    let mut shares: Vec<Share<'_>> = Vec::new();
    let mut changes = 0;
    for (at, entry) in frame.entry.iter().enumerate() {
        let waba = entry.own_id();
        for raw in &entry.changes {
            changes += 1;
            let change: Option<Change<'_>> = serde_json::from_str(raw.get()).ok();
            let told = change
                .as_ref()
                .map(|change| whatsapp::read(&change.field, change.value.get()))
                .unwrap_or_default();
            let mut routed = false;
            for (device, account) in signers {
                let is_its = match &told.phone_number_id {
                    Some(number) => *number == account.id,
                    None => waba.is_some() && waba == account.waba,
                };
                if !is_its {
                    continue;
                }
                routed = true;
                let known = shares.iter().position(|share| share.arrival.device == *device);
                let known = known.unwrap_or_else(|| {
                    shares.push(Share {
                        arrival: Arrival::of(device.clone()),
                        changes: Vec::new(),
                        has_messages: false,
                        has_echoes: false,
                    });
                    shares.len() - 1
                });
                let share = &mut shares[known];
                share.changes.push((at, raw));
                share.has_messages |=
                    !told.moves.is_empty() || told.messages.iter().any(|message| !message.echo);
                share.has_echoes |= told.messages.iter().any(|message| message.echo);
                share.arrival.messages.extend(told.messages.iter().cloned());
                share.arrival.statuses.extend(told.statuses.iter().cloned());
                share.arrival.aliases.extend(told.aliases.iter().cloned());
                share.arrival.moves.extend(told.moves.iter().cloned());
                share.arrival.templates.extend(told.templates.iter().cloned());
            }
            if !routed {
                tracing::warn!("Meta told of a number that is not linked here; it is not kept");
            }
        }
    }
    let finish = |share: Share<'_>| {
        let body = match whole {
            // All of it is this account's: byte for byte as it came.
            Some(text) if share.changes.len() == changes => text.to_owned(),
            _ => rebuilt(frame, &share.changes),
        };
        let event = match (share.has_messages, share.has_echoes) {
            (true, _) => EventType::MessageReceived,
            (false, true) => EventType::MessageEcho,
            (false, false) => EventType::MetaChange,
        };
        Arrival { forwarded: Some(Forwarded { event, body }), ..share.arrival }
    };
    shares.into_iter().map(finish).collect()
}

/// The frame around some of its changes, each as it came.
fn rebuilt(frame: &Frame<'_>, changes: &[(usize, &RawValue)]) -> String {
    let entry = |(at, entry): (usize, &Entry<'_>)| {
        let mine: Vec<&str> = changes.iter().filter(|(of, _)| *of == at).map(|(_, raw)| raw.get()).collect();
        if mine.is_empty() {
            return None;
        }
        let member = |name: &str, raw: Option<&RawValue>| {
            raw.map_or_else(String::new, |raw| format!("\"{name}\":{},", raw.get()))
        };
        let (id, time) = (member("id", entry.id), member("time", entry.time));
        Some(format!("{{{id}{time}\"changes\":[{}]}}", mine.join(",")))
    };
    let entries: Vec<String> = frame.entry.iter().enumerate().filter_map(entry).collect();
    format!("{{\"object\":\"whatsapp_business_account\",\"entry\":[{}]}}", entries.join(","))
}
