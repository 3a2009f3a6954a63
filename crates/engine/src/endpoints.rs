//! Webhook endpoints.
use std::{collections::BTreeSet, time::Duration};

use cetar_model::{DeliveryId, DeviceId, EndpointId, Subscription, Timestamp};
use cetar_store::{Endpoint, EndpointAct, EndpointChange, Headers, PastCursor, StoreError};
use secrecy::{ExposeSecret, SecretString};

use crate::{Engine, auth::Caller, delivery::new_secret};

/// An endpoint to be added.
#[derive(Debug, Clone, Default)]
pub struct NewEndpoint {
    /// https, or http to an address in `egress.allow`.
    pub url: String,
    /// None: all.
    pub events: Vec<Subscription>,
    /// Only events of this device.
    pub device: Option<DeviceId>,
    /// Sent with every webhook, beside ours.
    pub headers: Headers,
    /// One delivery at a time, in the order of the events.
    pub ordered: bool,
    /// `X-Hub-Signature-256` too.
    pub legacy_signature: bool,
    /// Send the replies in its answers.
    pub replies: bool,
}

/// Not done.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The URL will never be called: says why.
    #[error("url: {0}")]
    Url(String),
    /// No such device here.
    #[error("no such device")]
    NoSuchDevice,
    /// The workspace has as many as it may have.
    #[error("the workspace has {MOST_ENDPOINTS} endpoints already")]
    TooMany,
    /// More headers than an endpoint may have.
    #[error("more than {MOST_HEADERS} headers")]
    TooManyHeaders,
    /// Headers that cannot be sent, by name, and why.
    #[error("headers that cannot be sent")]
    Headers(Vec<(String, HeaderProblem)>),
    /// No such endpoint here, or not within the caller's ties.
    #[error("no such endpoint")]
    NotFound,
    /// It is disabled; enabling it comes first.
    #[error("the endpoint is disabled")]
    Disabled,
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a header cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderProblem {
    /// Its name is not one (RFC 9110 §5.6.2), or too long.
    Name,
    /// Its name is ours, or belongs to the connection.
    Reserved,
    /// It was given twice, in different cases.
    Twice,
    /// Its value is empty, too long, or has other characters than those of ASCII that show.
    Value,
}

/// What was made up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Deliveries that waited or were parked, and are due now.
    pub again: usize,
    /// Events the endpoint never got a delivery of, because it was disabled.
    pub missed: usize,
}

/// Longer URLs are a mistake, or an attempt at one.
const MAX_URL: usize = 2_048;
/// Endpoints a workspace may have: each event is written down once for each of them.
pub const MOST_ENDPOINTS: usize = 20;
/// Headers an endpoint may have of its own.
pub const MOST_HEADERS: usize = 20;
/// Bytes of a header's name.
const MAX_HEADER_NAME: usize = 64;
/// Bytes of a header's value.
const MAX_HEADER_VALUE: usize = 1_024;
/// How long the secret before signs beside a new one.
pub const FORMER_SECRET_SIGNS: Duration = Duration::from_hours(24);
/// Rows touched by one transaction of a recovery.
const BATCH: usize = 500;

/// Names that are ours, or the connection's business. Those that end in `-` stand for all that begin so.
const RESERVED: [&str; 16] = [
    "connection",
    "content-",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "webhook-",
    "x-cetar-",
    "x-hub-",
];

impl Engine {
    /// Adds one; its secret is in the answer, shown this once. A name in the URL is judged when it is dialled, every time:
    /// it may lead elsewhere by then. A key that is tied to devices must name one of them.
    pub async fn add_endpoint(
        &self,
        caller: &Caller,
        endpoint: NewEndpoint,
    ) -> Result<(Endpoint, SecretString), EndpointError> {
        let NewEndpoint { url, events, device, headers, ordered, legacy_signature, replies } = endpoint;
        self.permits_endpoint(&url).map_err(EndpointError::Url)?;
        check_headers(&headers)?;
        self.check_device(caller, device.as_ref()).await?;
        let now = self.now();
        let endpoint = Endpoint {
            id: self.inner.ids.make(now),
            workspace: caller.workspace.id.clone(),
            url,
            events,
            device,
            headers: headers.iter().map(|(name, _)| name.clone()).collect(),
            ordered,
            legacy_signature,
            replies,
            paused_at: None,
            disabled: None,
            failures: 0,
            failing_since: None,
            not_before: None,
            created_at: now,
        };
        let secret = new_secret(self.inner.ids.random());
        let new = cetar_store::NewEndpoint { endpoint: endpoint.clone(), secret: secret.clone(), headers };
        if !self.inner.store.insert_endpoint(new, MOST_ENDPOINTS).await? {
            return Err(EndpointError::TooMany);
        }
        Ok((endpoint, secret))
    }

    /// Whether this URL may ever be called, else why not.
    pub fn permits_endpoint(&self, url: &str) -> Result<(), String> {
        if url.len() > MAX_URL {
            return Err(format!("longer than {MAX_URL} bytes"));
        }
        self.inner.webhooks.permits(url)
    }

    /// All of the workspace within the caller's ties.
    pub async fn endpoints(&self, caller: &Caller) -> Result<Vec<Endpoint>, StoreError> {
        let mut endpoints = self.inner.store.endpoints(&caller.workspace.id).await?;
        endpoints.retain(|endpoint| reaches(caller, endpoint));
        Ok(endpoints)
    }

    /// One.
    pub async fn endpoint(&self, caller: &Caller, id: &EndpointId) -> Result<Endpoint, EndpointError> {
        let endpoint = self.inner.store.endpoint(&caller.workspace.id, id).await?;
        endpoint.filter(|endpoint| reaches(caller, endpoint)).ok_or(EndpointError::NotFound)
    }

    /// Changes one. What is on its way goes where it points by then.
    pub async fn change_endpoint(
        &self,
        caller: &Caller,
        id: &EndpointId,
        change: EndpointChange,
    ) -> Result<Endpoint, EndpointError> {
        self.endpoint(caller, id).await?;
        if let Some(url) = &change.url {
            self.permits_endpoint(url).map_err(EndpointError::Url)?;
        }
        if let Some(headers) = &change.headers {
            check_headers(headers)?;
        }
        if let Some(device) = &change.device {
            self.check_device(caller, device.as_ref()).await?;
        }
        if !self.inner.store.change_endpoint(&caller.workspace.id, id, change).await? {
            return Err(EndpointError::NotFound);
        }
        self.webhooks_are_due();
        self.endpoint(caller, id).await
    }

    /// Pauses, resumes or enables one; done twice is done.
    pub async fn act_on_endpoint(
        &self,
        caller: &Caller,
        id: &EndpointId,
        act: EndpointAct,
    ) -> Result<Endpoint, EndpointError> {
        self.endpoint(caller, id).await?;
        if !self.inner.store.act_on_endpoint(&caller.workspace.id, id, act, self.now()).await? {
            return Err(EndpointError::NotFound);
        }
        self.webhooks_are_due();
        self.endpoint(caller, id).await
    }

    /// Gives one a new secret, shown this once; the one before signs beside it for [`FORMER_SECRET_SIGNS`].
    pub async fn rotate_secret(
        &self,
        caller: &Caller,
        id: &EndpointId,
    ) -> Result<(Endpoint, SecretString), EndpointError> {
        let endpoint = self.endpoint(caller, id).await?;
        let (secret, now) = (new_secret(self.inner.ids.random()), self.now());
        let (workspace, until) = (&caller.workspace.id, now + FORMER_SECRET_SIGNS);
        if !self.inner.store.rotate_secret(workspace, id, secret.clone(), now, until).await? {
            return Err(EndpointError::NotFound);
        }
        Ok((endpoint, secret))
    }

    /// Sends it an event made for the purpose. The delivery is like any other: its attempts are in the log.
    pub async fn test_endpoint(&self, caller: &Caller, id: &EndpointId) -> Result<DeliveryId, EndpointError> {
        self.enabled(caller, id).await?;
        let delivery = self.inner.store.test_endpoint(&caller.workspace.id, id, self.now()).await?;
        let delivery = delivery.ok_or(EndpointError::NotFound)?;
        self.webhooks_are_due();
        Ok(delivery)
    }

    /// Makes up for a time in which it got nothing: its circuit is closed; what was made from `since` on and before `until` and
    /// waits or was parked is due now, oldest first and with fresh attempts; and what happened while it was disabled is
    /// delivered.
    pub async fn recover_endpoint(
        &self,
        caller: &Caller,
        id: &EndpointId,
        since: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Recovered, EndpointError> {
        let (store, workspace, now) = (&self.inner.store, &caller.workspace.id, self.now());
        self.enabled(caller, id).await?;
        if !store.close_circuit(workspace, id).await? {
            return Err(EndpointError::Disabled);
        }
        let mut recovered = Recovered { again: 0, missed: 0 };
        loop {
            let moved = store.revive_deliveries(id, (since, until), now, BATCH).await?;
            recovered.again += moved;
            self.webhooks_are_due();
            if moved == 0 {
                break;
            }
        }
        let mut after = Some(PastCursor::at(since));
        while let Some(cursor) = after {
            let until = until.unwrap_or(now);
            let (missed, next) =
                store.deliver_missed(workspace, id, cursor, until, self.now(), BATCH).await?;
            recovered.missed += missed;
            after = next;
            self.webhooks_are_due();
        }
        Ok(recovered)
    }

    /// Removes one. What was on its way to it is dropped.
    pub async fn remove_endpoint(&self, caller: &Caller, id: &EndpointId) -> Result<(), EndpointError> {
        self.endpoint(caller, id).await?;
        if self.inner.store.remove_endpoint(&caller.workspace.id, id).await? {
            Ok(())
        } else {
            Err(EndpointError::NotFound)
        }
    }

    async fn enabled(&self, caller: &Caller, id: &EndpointId) -> Result<Endpoint, EndpointError> {
        let endpoint = self.endpoint(caller, id).await?;
        if endpoint.disabled.is_some() { Err(EndpointError::Disabled) } else { Ok(endpoint) }
    }

    async fn check_device(&self, caller: &Caller, device: Option<&DeviceId>) -> Result<(), EndpointError> {
        let may = match device {
            Some(id) => self.device(caller, id).await?.is_some(),
            None => caller.ties().is_empty(),
        };
        if may { Ok(()) } else { Err(EndpointError::NoSuchDevice) }
    }
}

/// A key that is tied to devices reaches the endpoints of these alone: others are told what is none of its business.
pub(crate) fn reaches(caller: &Caller, endpoint: &Endpoint) -> bool {
    caller.ties().is_empty() || endpoint.device.as_ref().is_some_and(|device| caller.is_tied_to(device))
}

fn check_headers(headers: &Headers) -> Result<(), EndpointError> {
    if headers.len() > MOST_HEADERS {
        return Err(EndpointError::TooManyHeaders);
    }
    let mut seen = BTreeSet::new();
    let problems: Vec<_> = headers
        .iter()
        .filter_map(|(name, value)| {
            let twice = !seen.insert(name.to_ascii_lowercase());
            let problem =
                if twice { Some(HeaderProblem::Twice) } else { problem(name, value.expose_secret()) };
            problem.map(|problem| (name.clone(), problem))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(EndpointError::Headers(problems)) }
}

fn problem(name: &str, value: &str) -> Option<HeaderProblem> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let lower = name.to_ascii_lowercase();
    let reserved = |taken: &str| lower == taken || taken.ends_with('-') && lower.starts_with(taken);
    if name.is_empty() || name.len() > MAX_HEADER_NAME || !name.bytes().all(token) {
        Some(HeaderProblem::Name)
    } else if RESERVED.iter().any(|taken| reserved(taken)) {
        Some(HeaderProblem::Reserved)
    } else if value.trim().is_empty()
        || value.len() > MAX_HEADER_VALUE
        || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    {
        Some(HeaderProblem::Value)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::ordinary("X-Api-Key", "s3cret", None)]
    #[case::authorization("Authorization", "Bearer abc", None)]
    #[case::not_quite_reserved("X-Hubble", "1", None)]
    #[case::no_name("", "1", Some(HeaderProblem::Name))]
    #[case::a_blank_in_the_name("X Key", "1", Some(HeaderProblem::Name))]
    #[case::a_colon_in_the_name("X-Key:", "1", Some(HeaderProblem::Name))]
    #[case::a_line_in_the_name("X-Key\r\nHost", "1", Some(HeaderProblem::Name))]
    #[case::letters_of_elsewhere("X-Clé", "1", Some(HeaderProblem::Name))]
    #[case::the_host("host", "elsewhere", Some(HeaderProblem::Reserved))]
    #[case::the_length("Content-Length", "0", Some(HeaderProblem::Reserved))]
    #[case::the_framing("Transfer-Encoding", "chunked", Some(HeaderProblem::Reserved))]
    #[case::our_signature("Webhook-Signature", "v1,x", Some(HeaderProblem::Reserved))]
    #[case::our_other_signature("X-Hub-Signature-256", "sha256=0", Some(HeaderProblem::Reserved))]
    #[case::our_counter("x-cetar-attempt", "1", Some(HeaderProblem::Reserved))]
    #[case::no_value("X-Key", " ", Some(HeaderProblem::Value))]
    #[case::a_line_in_the_value("X-Key", "a\r\nHost: b", Some(HeaderProblem::Value))]
    #[case::a_value_of_elsewhere("X-Key", "clé", Some(HeaderProblem::Value))]
    fn a_header_that_cannot_be_sent_or_is_ours_is_refused(
        #[case] name: &str,
        #[case] value: &str,
        #[case] expected: Option<HeaderProblem>,
    ) {
        assert_eq!(problem(name, value), expected);
    }

    #[test]
    fn a_header_is_given_once_whatever_its_case() {
        let header = |name: &str| (name.to_owned(), SecretString::from("1"));
        let Err(EndpointError::Headers(problems)) = check_headers(&vec![header("X-Key"), header("x-key")])
        else {
            panic!("taken")
        };
        assert_eq!(problems, [("x-key".to_owned(), HeaderProblem::Twice)]);
        let many = (0..=MOST_HEADERS).map(|n| header(&format!("X-{n}"))).collect();
        assert!(matches!(check_headers(&many), Err(EndpointError::TooManyHeaders)));
    }
}
