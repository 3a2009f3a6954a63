//! Which conversations: the query of their list.

use axum::{extract::FromRequestParts, http::request::Parts};
use cetar_model::{Channel, ConversationId, DeviceId, Timestamp, UserId};
use cetar_store::{Assigned, ConversationFilter};
use utoipa::IntoParams;

use crate::{
    error::ApiError,
    input::{FieldProblem, Problem, words},
    openapi::schema,
};

/// The longest text that is searched for.
const SEARCH: usize = 100;

/// As documented.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by hand, so that every bad parameter is listed at once")]
pub(crate) struct FilterParams {
    /// Stands in a name or an address.
    #[param(max_length = 100)]
    search: Option<String>,
    /// On this channel.
    #[param(value_type = Option<schema::Channel>)]
    channel: Option<String>,
    /// Of this device.
    #[param(value_type = Option<schema::DeviceId>)]
    device_id: Option<String>,
    /// `open` or `resolved`.
    state: Option<String>,
    /// `true`: with something unread.
    unread: Option<bool>,
    /// `me`, `nobody`, or the id of an account.
    assigned: Option<String>,
}

/// What was asked for; `me` is for the handler to resolve.
pub(in crate::v1) struct Filter {
    pub(super) filter: ConversationFilter,
    pub(super) mine: bool,
}

/// A place in the list: the last activity and the id of the conversation before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(pub(super) Timestamp, pub(super) ConversationId);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0.as_micros(), self.1)
    }
}

impl std::str::FromStr for Place {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('.').ok_or(())?;
        Ok(Self(Timestamp::from_micros(at.parse().map_err(|_| ())?), id.parse().map_err(|_| ())?))
    }
}

impl<S: Sync> FromRequestParts<S> for Filter {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        read(parts.uri.query().unwrap_or("")).map_err(ApiError::fields)
    }
}

/// Every bad parameter at once.
fn read(query: &str) -> Result<Filter, Vec<FieldProblem>> {
    let (mut filter, mut mine) = (ConversationFilter::default(), false);
    let mut problems = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let known = match &*name {
            "search" if value.chars().count() > SEARCH => Err(Problem::TooLong { max: SEARCH }),
            "search" => {
                filter.search = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
                Ok(())
            }
            "channel" => value
                .parse::<Channel>()
                .map(|channel| filter.channel = Some(channel))
                .map_err(|_| Problem::Unknown { allowed: words(Channel::ALL) }),
            "device_id" => value
                .parse::<DeviceId>()
                .map(|device| filter.device = Some(device))
                .map_err(|_| Problem::Id { prefix: DeviceId::PREFIX }),
            "state" => word(&value, &["open", "resolved"]).map(|at| filter.resolved = Some(at == 1)),
            "unread" => word(&value, &["false", "true"]).map(|at| filter.unread = at == 1),
            "assigned" => assigned(&value, &mut filter, &mut mine),
            _ => Ok(()),
        };
        if let Err(problem) = known {
            problems.push(FieldProblem { field: name.into_owned(), problem });
        }
    }
    if problems.is_empty() { Ok(Filter { filter, mine }) } else { Err(problems) }
}

fn assigned(value: &str, filter: &mut ConversationFilter, mine: &mut bool) -> Result<(), Problem> {
    match value {
        "me" => *mine = true,
        "nobody" => filter.assigned = Some(Assigned::Nobody),
        id => {
            let id = id.parse().map_err(|_| Problem::Id { prefix: UserId::PREFIX })?;
            filter.assigned = Some(Assigned::To(id));
        }
    }
    Ok(())
}

fn word(value: &str, words: &[&str]) -> Result<usize, Problem> {
    let allowed = || words.iter().map(|word| (*word).to_owned()).collect();
    words.iter().position(|word| *word == value).ok_or_else(|| Problem::Unknown { allowed: allowed() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_filter_and_every_bad_parameter_is_listed() {
        let Filter { filter, mine } =
            read("search=Budi+S&channel=telegram&state=resolved&unread=true&assigned=me&limit=3&after=")
                .unwrap();
        assert_eq!((filter.search.as_deref(), filter.channel), (Some("Budi S"), Some(Channel::Telegram)));
        assert!(filter.unread && mine && filter.resolved == Some(true) && filter.assigned.is_none());
        let wrong = read("channel=sms&device_id=x&state=done&unread=yes&assigned=budi").err().unwrap();
        let fields: Vec<&str> = wrong.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["channel", "device_id", "state", "unread", "assigned"]);
    }

    #[test]
    fn a_place_reads_back() {
        let text = "1709650000000000.cnv_0199c3a0b6f47c3e9d3a5b1c2d3e4f50";
        assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        for wrong in ["", "1", "1.cnv_1", "x.cnv_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
