//! HTTP: authentication, the `/v1` API, OpenAPI. Translates, decides nothing: every decision is a use case of
//! `cetar_engine::Engine`; this crate turns requests into its words and its answers into the contract's JSON.
//!
//! Where to look: `error.rs` has every status and every code; `input/` reads requests and lists every bad field;
//! `v1/<resource>/<verb>.rs` is one endpoint each; `context.rs` surrounds them all.

mod answer;
mod audit;
mod auth;
mod client;
mod context;
mod error;
mod here;
mod input;
mod language;
mod openapi;
mod options;
mod pages;
mod places;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod state;
mod streams;
mod uploads;
mod v1;

pub use error::ErrorCode;
pub use openapi::document as openapi;
pub use options::{Dashboard, DiskHasRoom, Face, MetricsRenderer, ServerOptions};
pub use v1::messages::reply::Replies;

use axum::Router;
use cetar_engine::Engine;

/// The whole HTTP side as one service: `/v1`, `/openapi.json`, `/healthz`, `/readyz`, `/metrics`, and the dashboard at every other
/// address.
///
/// With [`Face::Public`] it must be served with `into_make_service_with_connect_info::<SocketAddr>()`: the caller's
/// address decides about key ranges and blocks.
pub fn router(engine: Engine, options: ServerOptions) -> Router {
    let face = options.face;
    let state = state::AppState::new(engine, options);
    let (api, _) = v1::routes(face).split_for_parts();
    let api = api.layer(axum::middleware::from_fn_with_state(state.clone(), context::admit));
    let router = Router::new()
        .merge(api)
        .merge(pages::routes())
        .fallback(pages::dashboard::serve)
        .method_not_allowed_fallback(context::method_not_allowed);
    context::surround(router, &state).with_state(state)
}
