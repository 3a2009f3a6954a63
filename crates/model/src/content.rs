//! What a message says. Every provider matches this exhaustively, so a new kind cannot be forgotten anywhere.

use serde::{Deserialize, Serialize};

use crate::channel::words;

words! {
    /// The `type` of a message.
    pub enum ContentKind {
        /// Plain text.
        Text = "text",
        /// Something a network sent that we do not understand yet: kept and shown, never dropped.
        Unsupported = "unsupported",
    }
}

/// The content of a message, in the form stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Plain text, at least one character.
    Text {
        /// The text.
        text: String,
    },
    /// An inbound message of a kind we do not know.
    Unsupported {
        /// The network's name for the kind.
        kind: String,
    },
}

impl Content {
    /// Its `type`.
    pub const fn kind(&self) -> ContentKind {
        match self {
            Self::Text { .. } => ContentKind::Text,
            Self::Unsupported { .. } => ContentKind::Unsupported,
        }
    }

    /// The text a person would read first, if there is any.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text } => Some(text),
            Self::Unsupported { .. } => None,
        }
    }
}

/// Content never reaches a log line: only its kind shows.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({})", self.kind())
    }
}
