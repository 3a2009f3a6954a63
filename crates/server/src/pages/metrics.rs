//! `GET /metrics`: Prometheus text, with the token, or for this machine where no proxy stands in front.

use axum::{
    extract::State,
    http::{
        HeaderMap,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    response::IntoResponse,
};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::{
    context::Context,
    error::{ApiError, ErrorCode},
    options::Face,
    state::AppState,
};

/// Metrics
///
/// Prometheus text. With `Authorization: Bearer` and the metrics token; without, for callers on this machine alone, and for nobody where
/// a proxy stands in front.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    operation_id = "getMetrics",
    responses(
        (status = 200, description = "The figures.", content_type = "text/plain", body = String),
        (status = 403, description = "- `metrics_not_allowed`: without the token, and from elsewhere or behind a proxy."),
        (status = 404, description = "- `not_found`: this server has no metrics."),
    ),
)]
pub(crate) async fn metrics(
    State(state): State<AppState>,
    context: Context,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let Some(render) = &state.options.metrics else { return Err(ApiError::new(ErrorCode::NotFound)) };
    if state.options.face == Face::Public && !is_local(&context, &state)? && !has_token(&headers, &state) {
        return Err(ApiError::new(ErrorCode::MetricsNotAllowed));
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render()))
}

/// A proxy on this machine has a loopback address too, and a bare one says nothing of whom it speaks for (nginx's `proxy_pass` alone adds no
/// header): where one can be in front, everyone could look local.
fn is_local(context: &Context, state: &AppState) -> Result<bool, ApiError> {
    let (client, options) = (context.client()?, &state.options);
    let proxied = !options.trusted_proxies.is_empty() || (options.public_url.is_some() && !options.tls);
    Ok(client.ip.is_loopback() && !client.behind_unknown_proxy && !proxied)
}

fn has_token(headers: &HeaderMap, state: &AppState) -> bool {
    let Some(token) = &state.options.metrics_token else { return false };
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("");
    bool::from(given.as_bytes().ct_eq(token.expose_secret().as_bytes()))
}
