//! What a test has go wrong.

use crate::answer::Refused;

/// What happens to a call instead of, or after, being carried out.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is refused in these words.
    Refuse {
        /// The code.
        code: u16,
        /// The description, whole.
        description: String,
    },
    /// It is refused for so many seconds.
    SlowDown(u64),
    /// The connection is cut before anything is done.
    CutBefore,
    /// It is carried out, and the connection cut without an answer.
    CutAfter,
    /// It is carried out, and half of the answer sent.
    CutWithin,
    /// Nothing is done and nothing answered, for as long as the client waits.
    Hang,
    /// It is carried out and not answered, for as long as the client waits.
    HangAfter,
    /// It is carried out, and Telegram's own front, which did not wait for that, answers 504 in the Bot API's JSON.
    LateAfter,
    /// A proxy in between answers with this status, and not in JSON.
    Proxy(u16),
}

impl Fault {
    /// A refusal.
    pub fn refuse(code: u16, description: impl Into<String>) -> Self {
        Self::Refuse { code, description: description.into() }
    }

    pub(crate) fn refusal(&self) -> Option<Refused> {
        match self {
            Self::Refuse { code, description } => Some(Refused::new(*code, description.clone())),
            Self::SlowDown(seconds) => Some(Refused::slow_down(*seconds)),
            _ => None,
        }
    }
}
