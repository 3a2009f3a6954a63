//! Why a call got no answer.

use std::{error::Error as StdError, fmt, io};

use super::{addresses::Refusal, resolver::Unresolved};

/// What kept an answer from coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The URL, or the address it leads to, may not be called. Nothing was sent.
    RefusedAddress,
    /// The name has no address, or the name server did not answer.
    Dns,
    /// No connection.
    Connect,
    /// The certificate is not trusted, or no common TLS version.
    Tls,
    /// Out of time, in whichever step.
    Timeout,
    /// Anything else: the connection was cut, or what came is not HTTP.
    Other,
}

impl ErrorClass {
    /// The word for logs and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefusedAddress => "refused_address",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No answer. Names neither the URL nor an address: URLs carry secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {detail}")]
pub struct Error {
    /// The kind of failure.
    pub class: ErrorClass,
    /// What happened, for a person.
    pub detail: String,
    /// There was a connection, so some of the request may have reached the other side, or all of it. False: certainly nothing did.
    pub connected: bool,
}

impl Error {
    pub(super) fn refused(why: impl fmt::Display) -> Self {
        Self { class: ErrorClass::RefusedAddress, detail: why.to_string(), connected: false }
    }

    pub(super) fn other(why: impl fmt::Display) -> Self {
        Self { class: ErrorClass::Other, detail: why.to_string(), connected: false }
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let causes: Vec<_> = causes(&error).collect();
        let is = |found: fn(&(dyn StdError + 'static)) -> bool| causes.iter().any(|cause| found(*cause));
        let class = if is(<dyn StdError>::is::<Refusal>) {
            ErrorClass::RefusedAddress
        } else if error.is_timeout() {
            ErrorClass::Timeout
        } else if is(<dyn StdError>::is::<Unresolved>) {
            ErrorClass::Dns
        } else if is(<dyn StdError>::is::<rustls::Error>) {
            ErrorClass::Tls
        } else if error.is_connect() {
            ErrorClass::Connect
        } else {
            ErrorClass::Other
        };
        // The innermost cause says it plainest: "Connection refused", "invalid peer certificate: Expired".
        let detail = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
        // Looking up the name, connecting and agreeing on TLS are one step to the client, also when it runs out of time.
        let connected = !(error.is_connect() || error.is_builder() || class == ErrorClass::RefusedAddress);
        Self { class, detail, connected }
    }
}

/// The error and what caused it, outermost first. An `io::Error` that wraps another error does not name it as its
/// source, it speaks for it; so it is opened here.
fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> + use<'e> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}
