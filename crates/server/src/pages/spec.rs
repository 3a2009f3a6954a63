//! `GET /openapi.json`

use axum::{
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::IntoResponse,
};

use crate::openapi;

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "server",
    operation_id = "getOpenApi",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = serde_json::Value)),
)]
pub(crate) async fn spec() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")], openapi::bytes())
}
