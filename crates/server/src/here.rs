//! Where this server is reached, as its callers know it.

use axum::http::{HeaderMap, header};

use crate::{context::Context, state::AppState};

/// Where this server is reached: as configured, else as this request reached it.
pub(crate) fn base(state: &AppState, context: &Context, headers: &HeaderMap) -> String {
    if let Some(url) = &state.options.public_url {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    // It goes into a line that people paste into a shell.
    let harmless = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    let host = if !host.is_empty() && host.bytes().all(harmless) { host } else { "127.0.0.1:8080" };
    format!("{}://{host}", if is_https(state, context) { "https" } else { "http" })
}

/// Whether this request came over HTTPS, as far as is known: to this process, or to a proxy that is trusted.
pub(crate) fn is_https(state: &AppState, context: &Context) -> bool {
    state.options.tls || context.client().is_ok_and(|client| client.https)
}
