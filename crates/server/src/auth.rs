//! Who is asking, as an extractor: a handler that takes an [`Authorized`] cannot forget to check.
//!
//! The order is the contract's: key, address, limit, scope; only then is the body read. Where there is no key but the cookie of a
//! signed-in person, it is: session, address, limit, CSRF token, role.

use std::marker::PhantomData;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use cetar_engine::{
    auth::{AuthError, Caller, Permission},
    limit::Asker,
};
use cetar_model::Role;
use cetar_store::{SessionRecord, Workspace};

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
    /// See the table, [`Permission::suffices`].
    const NEEDS: Permission;
}

/// Send, and read what was sent.
pub(crate) struct Messages;
/// Read what whoever sends must know: devices and templates.
pub(crate) struct Either;
/// Conversations and the people in them.
pub(crate) struct Inbox;
/// The people whom the whole workspace knows.
pub(crate) struct Contacts;
/// Manage.
pub(crate) struct Admin;
/// Manage what belongs to the workspace as a whole.
pub(crate) struct WholeWorkspace;
/// Say who may sign in.
pub(crate) struct Accounts;

impl Requirement for Messages {
    const NEEDS: Permission = Permission::Messages;
}
impl Requirement for Either {
    const NEEDS: Permission = Permission::Lookup;
}
impl Requirement for Inbox {
    const NEEDS: Permission = Permission::Inbox;
}
impl Requirement for Contacts {
    const NEEDS: Permission = Permission::Contacts;
}
impl Requirement for Admin {
    const NEEDS: Permission = Permission::Manage;
}
impl Requirement for WholeWorkspace {
    const NEEDS: Permission = Permission::Workspace;
}
impl Requirement for Accounts {
    const NEEDS: Permission = Permission::Accounts;
}

impl<R: Requirement> FromRequestParts<AppState> for Authorized<R> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let context = Context::from_request_parts(parts, state).await?;
        let caller = match state.options.face {
            Face::Public => who(&context, parts, state).await?,
            Face::Local => state.engine.operator(workspace(&parts.headers, state).await?),
        };
        if !caller.can(R::NEEDS) {
            return Err(not_allowed(&caller, R::NEEDS));
        }
        if caller.is_too_narrow_for(R::NEEDS) {
            return Err(ApiError::new(ErrorCode::KeyTooNarrow));
        }
        // What manages is noted; what sends or answers has its own history.
        if R::NEEDS.suffices().1 >= Role::Admin && !parts.method.is_safe() {
            context.note_audited(&caller);
        }
        Ok(Self { caller, _may: PhantomData })
    }
}

/// A person, by their session: for what is about themselves.
pub(crate) struct SignedIn {
    pub(crate) session: SessionRecord,
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let context = Context::from_request_parts(parts, state).await?;
        let token = cookie(&parts.headers).ok_or_else(|| ApiError::new(ErrorCode::NotSignedIn))?;
        let caller = with_session(&context, token, parts, state).await?;
        if !parts.method.is_safe() {
            context.note_audited(&caller);
        }
        let session = caller.session.ok_or_else(|| ApiError::internal("a session without a session"))?;
        Ok(Self { session })
    }
}

/// A key goes before a cookie: whoever sends one means it.
async fn who(context: &Context, parts: &Parts, state: &AppState) -> Result<Caller, ApiError> {
    match cookie(&parts.headers) {
        Some(token) if !parts.headers.contains_key(header::AUTHORIZATION) => {
            with_session(context, token, parts, state).await
        }
        _ => with_key(context, &parts.headers, state).await,
    }
}

fn not_allowed(caller: &Caller, needed: Permission) -> ApiError {
    let (scopes, role) = needed.suffices();
    if caller.session.is_some() {
        return ApiError::new(ErrorCode::RoleMissing).saying(Text::new(
            format!("Peran Anda tidak mencakup ini; perlu {role}. Minta kepada pemilik workspace."),
            format!("Your role does not include this; it takes {role}. Ask the owner of the workspace."),
        ));
    }
    let wanted = scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" / ");
    ApiError::new(ErrorCode::ScopeMissing).saying(Text::new(
        format!("API key ini tidak punya scope {wanted}. Buat key dengan scope itu."),
        format!("This API key lacks the scope {wanted}. Make a key that has it."),
    ))
}

/// The cookie of a signed-in browser.
pub(crate) const COOKIE: &str = "cetar_session";
/// Carries the token against forged requests.
const CSRF: &str = "x-csrf-token";

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value)
}

/// The browser sends the cookie by itself, with whatever page made it ask: a request that changes something must also carry what only
/// our own page can have read.
async fn with_session(
    context: &Context,
    token: &str,
    parts: &Parts,
    state: &AppState,
) -> Result<Caller, ApiError> {
    let client = context.client()?;
    let caller = state.engine.session(token, client.ip).await.map_err(|error| match error {
        AuthError::Unknown => ApiError::new(ErrorCode::NotSignedIn),
        other => refused(other),
    })?;
    let Some(session) = &caller.session else {
        return Err(ApiError::internal("a session without a session"));
    };
    limited(context, state, &Asker::Person(session.user.id.clone()), PERSONS_REQUESTS)?;
    if !parts.method.is_safe() {
        let given = parts.headers.get(CSRF).and_then(|value| value.to_str().ok());
        if !given.is_some_and(|given| state.engine.is_csrf_token(session, given)) {
            return Err(ApiError::new(ErrorCode::CsrfTokenMissing));
        }
    }
    Ok(caller)
}

/// For what needs no credentials and would leave some with the browser: not for another site's page to ask. A browser says whose page
/// asks (Fetch Metadata); who says nothing is no browser, or one so old that it has no `SameSite` cookies either.
pub(crate) struct OwnPage;

impl<S: Sync> FromRequestParts<S> for OwnPage {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let site = parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        match site {
            None | Some(b"same-origin" | b"none") => Ok(Self),
            Some(_) => Err(ApiError::new(ErrorCode::CsrfTokenMissing)),
        }
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
    limited(context, state, &Asker::Key(key.id.clone()), limit)?;
    Ok(caller)
}

/// Requests a minute of one person with all their browsers: a page asks five to ten things at once, and a person turns no page ten
/// times in ten seconds. What a plan allows is about keys.
const PERSONS_REQUESTS: u32 = 600;

/// Counts the request, and refuses it where there were as many as may be.
fn limited(context: &Context, state: &AppState, asker: &Asker, limit: u32) -> Result<(), ApiError> {
    let admission = state.engine.limiter().admit(asker, limit, state.engine.clock().now());
    context.note_admission(admission);
    if admission.allowed {
        return Ok(());
    }
    let message = Text::new(
        format!("Anda melebihi batas {limit} request per menit. Coba lagi setelah Retry-After detik."),
        format!("You are over the limit of {limit} requests a minute. Try again after Retry-After seconds."),
    );
    Err(ApiError::new(ErrorCode::RateLimited).saying(message).retry_after(admission.retry_after))
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
    fn the_session_is_found_among_other_cookies() {
        for (lines, expected) in [
            (&["cetar_session=a"][..], Some("a")),
            (&["theme=dark; cetar_session=a_b-c; x=y"], Some("a_b-c")),
            (&["theme=dark", "cetar_session=a"], Some("a")),
            (&["xcetar_session=a; cetar_session="], None),
            (&["cetar_session"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            assert_eq!(cookie(&headers), expected, "{lines:?}");
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
