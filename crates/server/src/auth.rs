//! Who is asking, as an extractor: a handler that takes an [`Authorized`] cannot forget to check.
//!
//! The order is the contract's: key, address, limit, scope; only then is the body read.

use std::marker::PhantomData;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use cetar_engine::auth::{AuthError, Caller};
use cetar_store::{Scope, Workspace};

use crate::{
    context::Context,
    error::{ApiError, ErrorCode, Text},
    input::Problem,
    options::Face,
    state::AppState,
};

/// Names the workspace on the local face, by id or name.
const WORKSPACE: &str = "x-cetar-workspace";

/// A caller that may do what `R` stands for.
pub(crate) struct Authorized<R> {
    pub(crate) caller: Caller,
    _may: PhantomData<R>,
}

/// What a handler needs its caller to be allowed.
pub(crate) trait Requirement: Send {
    /// Any one of these suffices.
    const ANY_OF: &'static [Scope];
}

/// Send, and read what was sent.
pub(crate) struct Messages;
/// Manage.
pub(crate) struct Admin;
/// Read the state of devices: both may.
pub(crate) struct Either;

impl Requirement for Messages {
    const ANY_OF: &'static [Scope] = &[Scope::Messages];
}
impl Requirement for Admin {
    const ANY_OF: &'static [Scope] = &[Scope::Admin];
}
impl Requirement for Either {
    const ANY_OF: &'static [Scope] = &[Scope::Messages, Scope::Admin];
}

impl<R: Requirement> FromRequestParts<AppState> for Authorized<R> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let context = Context::from_request_parts(parts, state).await?;
        let caller = match state.options.face {
            Face::Public => with_key(&context, &parts.headers, state).await?,
            Face::Local => state.engine.operator(workspace(&parts.headers, state).await?),
        };
        if R::ANY_OF.iter().any(|scope| caller.may(*scope)) {
            return Ok(Self { caller, _may: PhantomData });
        }
        let wanted = R::ANY_OF.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" / ");
        Err(ApiError::new(ErrorCode::ScopeMissing).saying(Text::new(
            format!("API key ini tidak punya scope {wanted}. Buat key dengan scope itu."),
            format!("This API key lacks the scope {wanted}. Make a key that has it."),
        )))
    }
}

/// The machine's operator, where no workspace is meant.
pub(crate) struct Operator;

impl FromRequestParts<AppState> for Operator {
    type Rejection = ApiError;
    async fn from_request_parts(_parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        match state.options.face {
            Face::Local => Ok(Self),
            Face::Public => Err(ApiError::new(ErrorCode::NotFound)),
        }
    }
}

async fn with_key(context: &Context, headers: &HeaderMap, state: &AppState) -> Result<Caller, ApiError> {
    let client = context.client()?;
    let caller = state.engine.authenticate(bearer(headers), client.ip).await.map_err(refused)?;
    let Some(key) = &caller.key else { return Err(ApiError::internal("a caller without a key")) };
    context.note_key(&key.id);
    let limit = caller.workspace.plan.requests_per_minute.unwrap_or(state.options.requests_per_minute);
    let admission = state.engine.limiter().admit(&key.id, limit, state.engine.clock().now());
    context.note_admission(admission);
    if admission.allowed {
        Ok(caller)
    } else {
        let message = Text::new(
            format!("Anda melebihi batas {limit} request per menit. Coba lagi setelah Retry-After detik."),
            format!(
                "You are over the limit of {limit} requests a minute. Try again after Retry-After seconds."
            ),
        );
        Err(ApiError::new(ErrorCode::RateLimited).saying(message).retry_after(admission.retry_after))
    }
}

/// No key looks like this.
const UNREADABLE: &str = "?";

/// What stands after `Bearer `. Another scheme, or a key without one, is no key: the answer shows the form wanted. What cannot
/// be read is handed on as a key that cannot be one, so that it is counted and answered as such.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?;
    let Ok(text) = value.to_str() else { return Some(UNREADABLE) };
    if values.next().is_some() {
        return Some(UNREADABLE);
    }
    match text.trim().split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Some(key.trim()),
        Some(_) | None => None,
    }
}

fn refused(error: AuthError) -> ApiError {
    match error {
        AuthError::Missing => ApiError::new(ErrorCode::ApiKeyMissing),
        AuthError::Malformed => ApiError::new(ErrorCode::ApiKeyMalformed),
        AuthError::Unknown => ApiError::new(ErrorCode::ApiKeyInvalid),
        AuthError::Revoked => ApiError::new(ErrorCode::ApiKeyRevoked),
        AuthError::Expired => ApiError::new(ErrorCode::ApiKeyExpired),
        AuthError::IpNotAllowed => ApiError::new(ErrorCode::IpBlocked),
        AuthError::IpBlockedFor(wait) => {
            ApiError::new(ErrorCode::IpBlocked).retry_after(wait).saying(Text::new(
                "Terlalu banyak API key salah dari alamat IP Anda, jadi alamat ini diblokir sementara. Coba lagi setelah Retry-After detik.",
                "Too many wrong API keys came from your IP address, so it is blocked for a while. Try again after Retry-After seconds.",
            ))
        }
        AuthError::Store(error) => error.into(),
    }
}

/// The one named in the header, else the first.
async fn workspace(headers: &HeaderMap, state: &AppState) -> Result<Workspace, ApiError> {
    let mut all = state.engine.workspaces().await?;
    if let Some(wanted) =
        headers.get(WORKSPACE).map(|value| std::str::from_utf8(value.as_bytes()).unwrap_or(""))
    {
        all.retain(|workspace| workspace.id.as_str() == wanted || workspace.name == wanted);
        if all.len() > 1 {
            let allowed = all.iter().map(|workspace| workspace.id.to_string()).collect();
            return Err(ApiError::field("X-Cetar-Workspace", Problem::Choose { allowed }));
        }
    }
    let missing = || {
        ApiError::new(ErrorCode::NotFound).saying(Text::new(
            "Workspace tidak ditemukan; lihat cetar workspace list.",
            "There is no such workspace; see cetar workspace list.",
        ))
    };
    all.into_iter().next().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_what_follows_bearer() {
        for (header, expected) in [
            (None, None),
            (Some("Bearer sk_live_x"), Some("sk_live_x")),
            (Some("bearer  sk_live_x "), Some("sk_live_x")),
            (Some("Bearer"), None),
            (Some(""), None),
            (Some("sk_live_x"), None),
            (Some("Basic c2s6"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(text) = header {
                headers.insert(header::AUTHORIZATION, HeaderValue::from_str(text).unwrap());
            }
            assert_eq!(bearer(&headers), expected, "{header:?}");
        }
    }

    #[test]
    fn two_keys_are_no_key() {
        let mut headers = HeaderMap::new();
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer sk_live_x"));
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer sk_live_y"));
        assert_eq!(bearer(&headers), Some(UNREADABLE));
    }
}
