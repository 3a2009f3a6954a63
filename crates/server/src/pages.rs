//! What is not `/v1`: health, metrics, the OpenAPI document, and what people see in a browser.

pub(crate) mod arrival;
mod callbacks;
pub(crate) mod dashboard;
mod health;
mod html;
mod media;
mod metrics;
mod push;
mod reference;
mod spec;
mod status;

use axum::{
    Router,
    routing::{get, post},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

pub(crate) fn routes() -> Router<AppState> {
    let (documented, _) = documented().split_for_parts();
    documented
        .route("/", get(dashboard::front))
        .route("/callbacks/{network}", get(callbacks::ask).post(callbacks::tell))
        .route("/docs", get(reference::page))
        .route("/callbacks/telegram/{device}", post(push::telegram))
}

/// Those that belong in the document: what machines ask.
pub(crate) fn documented() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(spec::spec))
        .routes(routes!(media::media))
}
