//! Pictures, films, sounds and files: never their bytes, only where those are and what is known of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::MediaId;

/// Where the bytes are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// At an address that a send named. It is fetched before the first attempt; a provider never sees this.
    Url(String),
    /// With the network that told of it: the network's own reference, which only its provider reads. It is exchanged for
    /// [`Stored`](Self::Stored) when the message is taken in, so it stands in no stored message.
    Network(String),
    /// With us, under this id; of what came in perhaps not yet, while it is being downloaded.
    Stored(MediaId),
}

/// One medium.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Where its bytes are.
    pub source: MediaSource,
    /// Its media type (`image/jpeg`): by its content once the bytes are here, before that by what its sender says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The name it is shown and saved under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// How long it plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

impl Media {
    /// Of which nothing is known but where it is.
    pub const fn of(source: MediaSource) -> Self {
        Self {
            source,
            content_type: None,
            size: None,
            sha256: None,
            file_name: None,
            width: None,
            height: None,
            seconds: None,
        }
    }

    /// At an address.
    pub fn at(url: impl Into<String>) -> Self {
        Self::of(MediaSource::Url(url.into()))
    }

    /// Its id, where it is kept with us.
    pub const fn stored(&self) -> Option<&MediaId> {
        match &self.source {
            MediaSource::Stored(id) => Some(id),
            MediaSource::Url(_) | MediaSource::Network(_) => None,
        }
    }

    /// The address it is still to be fetched from.
    pub fn url(&self) -> Option<&str> {
        match &self.source {
            MediaSource::Url(url) => Some(url),
            MediaSource::Network(_) | MediaSource::Stored(_) => None,
        }
    }
}

/// Addresses and references may carry secrets: not for logs.
impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("stored", &self.stored())
            .field("content_type", &self.content_type)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
