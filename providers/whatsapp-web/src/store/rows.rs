//! How keys and values are written.

use bytes::Bytes;
use cetar_provider::StateWrite;
use serde::{Serialize, de::DeserializeOwned};
use wacore::store::error::{Result, StoreError};

pub(super) fn put(collection: &'static str, key: &[u8], value: impl Into<Bytes>) -> StateWrite {
    StateWrite::Put { collection, key: Bytes::copy_from_slice(key), value: value.into() }
}

pub(super) fn delete(collection: &'static str, key: &[u8]) -> StateWrite {
    StateWrite::Delete { collection, key: Bytes::copy_from_slice(key) }
}

/// A key of several parts. Each but the last carries its length, so that no two lists of parts give the same key,
/// whatever bytes a network puts into an id.
pub(super) fn key(parts: &[&[u8]]) -> Vec<u8> {
    let Some((last, before)) = parts.split_last() else { return Vec::new() };
    let mut key = prefix(before);
    key.extend_from_slice(last);
    key
}

/// What every [`key`] beginning with these parts begins with.
pub(super) fn prefix(parts: &[&[u8]]) -> Vec<u8> {
    let mut prefix = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        prefix.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        prefix.extend_from_slice(part);
    }
    prefix
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<Bytes> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| StoreError::Serialization(Box::new(error)))
}

pub(super) fn from_json<T: DeserializeOwned>(value: &[u8]) -> Result<T> {
    serde_json::from_slice(value).map_err(|error| StoreError::Serialization(Box::new(error)))
}

/// A value with a moment (Unix seconds) before it, by which a sweep finds what is stale without knowing the value.
pub(super) fn stamped(at: i64, value: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(8 + value.len());
    bytes.extend_from_slice(&at.to_be_bytes());
    bytes.extend_from_slice(value);
    bytes.into()
}

/// The moment and the value of [`stamped`].
pub(super) fn unstamp(bytes: &[u8]) -> Result<(i64, &[u8])> {
    let (at, value) = bytes
        .split_first_chunk::<8>()
        .ok_or_else(|| StoreError::Validation("a stamped row is too short".into()))?;
    Ok((i64::from_be_bytes(*at), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_parts_never_meet() {
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
        assert_ne!(key(&[b"a\0", b"b"]), key(&[b"a", b"\0b"]));
        assert!(key(&[b"name", b"mac"]).starts_with(&prefix(&[b"name"])));
        assert!(!key(&[b"names", b"mac"]).starts_with(&prefix(&[b"name"])));
    }

    #[test]
    fn a_stamp_reads_back_and_a_short_row_is_an_error() {
        assert_eq!(unstamp(&stamped(-5, b"x")).unwrap(), (-5, b"x".as_slice()));
        assert!(unstamp(b"short").is_err());
    }
}
