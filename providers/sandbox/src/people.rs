//! What the network knows of people: who has written to this account, and whose number an alias is.

use bytes::Bytes;
use cetar_model::Chat;
use cetar_provider::{Host, HostError, StateWrite};

/// Those who have written.
const WRITERS: &str = "writers";
/// Numbers, by the alias.
const NUMBERS: &str = "numbers";

/// They have written to this account.
pub(crate) fn has_written(chat: &Chat) -> StateWrite {
    StateWrite::Put { collection: WRITERS, key: key(chat), value: Bytes::new() }
}

/// This is the number behind that alias.
pub(crate) fn number(alias: &Chat, number: &Chat) -> StateWrite {
    StateWrite::Put { collection: NUMBERS, key: key(alias), value: key(number) }
}

/// Whether they have never written to this account.
pub(crate) async fn is_stranger(host: &dyn Host, chat: &Chat) -> Result<bool, HostError> {
    Ok(host.load(WRITERS, chat.as_str().as_bytes()).await?.is_none())
}

/// The number behind an alias, once that was told.
pub(crate) async fn number_of(host: &dyn Host, alias: &Chat) -> Result<Option<Chat>, HostError> {
    let number = host.load(NUMBERS, alias.as_str().as_bytes()).await?;
    Ok(number.and_then(|number| String::from_utf8(number.to_vec()).ok()).map(Chat::new))
}

fn key(chat: &Chat) -> Bytes {
    Bytes::copy_from_slice(chat.as_str().as_bytes())
}
