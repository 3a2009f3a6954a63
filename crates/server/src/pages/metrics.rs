//! `GET /metrics`: Prometheus text, for this machine or with the token.

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
/// Prometheus text. Only for callers on this machine, or with `Authorization: Bearer` and the metrics token.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    operation_id = "getMetrics",
    responses(
        (status = 200, description = "The figures.", content_type = "text/plain", body = String),
        (status = 403, description = "- `metrics_not_allowed`: from elsewhere, and without the token."),
        (status = 404, description = "- `not_found`: this server has no metrics."),
    ),
)]
pub(crate) async fn metrics(
    State(state): State<AppState>,
    context: Context,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let Some(render) = &state.options.metrics else { return Err(ApiError::new(ErrorCode::NotFound)) };
    if state.options.face == Face::Public && !is_local(&context)? && !has_token(&headers, &state) {
        return Err(ApiError::new(ErrorCode::MetricsNotAllowed));
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render()))
}

/// A proxy on this machine has a loopback address too: behind one that nobody vouched for, everyone would be local.
fn is_local(context: &Context) -> Result<bool, ApiError> {
    let client = context.client()?;
    Ok(client.ip.is_loopback() && !client.behind_unknown_proxy)
}

fn has_token(headers: &HeaderMap, state: &AppState) -> bool {
    let Some(token) = &state.options.metrics_token else { return false };
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("");
    bool::from(given.as_bytes().ct_eq(token.expose_secret().as_bytes()))
}
