//! How long an account's token lasts.
//!
//! Meta tells it to the app that the token is of (`debug_token`, with the app's own id and secret in place of a token); which app that is
//! the token itself says. Instagram's own API has no such question; there a token is renewed, and the answer says how long the new one lasts.

use std::time::Duration;

use bytes::Bytes;
use cetar_model::{DownReason, Timestamp};
use cetar_provider::{Host, HostError, StateWrite};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    graph::{Failed, Graph},
    settings::Credentials,
};

/// From so long before its end on, a person is told.
const SOON: Duration = Duration::from_hours(7 * 24);

/// When it ends; `None` where it never does, or that is not told.
pub(crate) async fn end(graph: &Graph, account: &Credentials) -> Result<Option<Timestamp>, Failed> {
    let app = graph.get("app?fields=id").await?;
    let app = app["id"].as_str().ok_or_else(|| Failed::Unknown("the app has no id".to_owned()))?;
    let secret = format!("{app}|{}", account.app_secret);
    let token: String = url::form_urlencoded::byte_serialize(graph.token().as_bytes()).collect();
    let told = graph.get_as(&secret, &format!("debug_token?input_token={token}")).await?;
    Ok(expiry(&told))
}

/// 0 stands for never.
fn expiry(told: &Value) -> Option<Timestamp> {
    told["data"]["expires_at"].as_i64().filter(|at| *at > 0).map(Timestamp::from_secs)
}

/// A token of Instagram's own login lasts 60 days and can be renewed once it is a day old.
const RENEWED_EVERY: Duration = Duration::from_hours(7 * 24);
/// Where it is noted when that was done last.
const RENEWALS: &str = "token";

#[derive(Serialize, Deserialize)]
struct Noted {
    at: Timestamp,
    until: Timestamp,
}

/// What came of looking after a token of Instagram's own login.
pub(crate) struct Renewal {
    /// The token in place of the one there was; none where that goes on.
    pub(crate) token: Option<String>,
    /// When it ends; `None` where that is not known.
    pub(crate) until: Option<Timestamp>,
}

/// Renews the token unless that was done lately.
pub(crate) async fn renewed(graph: &Graph, host: &dyn Host) -> Result<Renewal, HostError> {
    let now = host.now();
    let key = |token: &str| Bytes::copy_from_slice(&Sha256::digest(token.as_bytes()));
    let noted = host.load(RENEWALS, &key(graph.token())).await?;
    let noted: Option<Noted> = noted.and_then(|noted| serde_json::from_slice(&noted).ok());
    let until = noted.as_ref().map(|noted| noted.until);
    if noted.is_some_and(|noted| now.since(noted.at) < RENEWED_EVERY) {
        return Ok(Renewal { token: None, until });
    }
    let told = match graph.renew().await {
        Ok(told) => told,
        // Not a day old yet, or one that lasts an hour only.
        Err(error) => {
            tracing::debug!(?error, "Instagram did not renew a token");
            return Ok(Renewal { token: None, until });
        }
    };
    let (Some(token), Some(seconds)) = (told["access_token"].as_str(), told["expires_in"].as_u64()) else {
        return Ok(Renewal { token: None, until });
    };
    let until = now + Duration::from_secs(seconds);
    let value = serde_json::to_vec(&Noted { at: now, until }).unwrap_or_default().into();
    let note = StateWrite::Put { collection: RENEWALS, key: key(token), value };
    host.save(vec![StateWrite::Clear { collection: RENEWALS }, note]).await?;
    Ok(Renewal { token: (token != graph.token()).then(|| token.to_owned()), until: Some(until) })
}

/// What a person is to be told about it now.
pub(crate) fn warning(end: Option<Timestamp>, now: Timestamp) -> Option<DownReason> {
    // A moment that is past counts as none: Meta still answers.
    end.filter(|end| end.since(now) <= SOON).map(|_| DownReason::CredentialsExpiring)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_ends_when_meta_says_so_and_one_without_an_end_never() {
        let told = |at: Value| json!({"data": {"is_valid": true, "expires_at": at}});
        assert_eq!(expiry(&told(json!(1_790_000_000))), Some(Timestamp::from_secs(1_790_000_000)));
        for never in [told(json!(0)), told(Value::Null), told(json!("x")), json!({}), json!([])] {
            assert_eq!(expiry(&never), None, "{never}");
        }
    }

    #[test]
    fn a_person_is_told_seven_days_before() {
        let now = Timestamp::from_secs(1_790_000_000);
        let told = |end: Timestamp| warning(Some(end), now).is_some();
        assert!(!told(now + SOON + Duration::from_secs(1)) && warning(None, now).is_none());
        assert!(told(now + SOON) && told(now) && told(now - Duration::from_mins(1)));
    }
}
