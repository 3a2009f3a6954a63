//! Until when the network forbids first messages to strangers. Kept, so that a restart does not end it.

use bytes::Bytes;
use cetar_model::Timestamp;
use cetar_provider::{Host, HostError, StateWrite};

const COLLECTION: &str = "restriction";
const KEY: &[u8] = b"until";

/// The write that keeps it: microseconds since 1970, in text.
pub(crate) fn kept(until: Timestamp) -> StateWrite {
    let value = Bytes::from(until.as_micros().to_string());
    StateWrite::Put { collection: COLLECTION, key: Bytes::from_static(KEY), value }
}

/// The write that ends it.
pub(crate) fn over() -> StateWrite {
    StateWrite::Delete { collection: COLLECTION, key: Bytes::from_static(KEY) }
}

/// The one that was begun last, over or not.
pub(crate) async fn load(host: &dyn Host) -> Result<Option<Timestamp>, HostError> {
    let value = host.load(COLLECTION, KEY).await?;
    let micros = value.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
    Ok(micros.map(Timestamp::from_micros))
}
