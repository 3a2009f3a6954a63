//! What was done, noted in one place: no endpoint that manages something can forget it.

use std::{collections::HashMap, sync::LazyLock};

use axum::{
    body::{Body, to_bytes},
    http::Method,
    response::Response,
};
use cetar_engine::auth::Caller;
use serde_json::Value;

use crate::{context::Context, error::ApiError, openapi, state::AppState};

/// Answers to what manages something are small.
const LARGEST: usize = 4 << 20;

/// The operations of the document by method and path.
static OPERATIONS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let document: Value = serde_json::from_slice(&openapi::bytes()).unwrap_or_default();
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().filter_map(move |(method, operation)| {
            Some((format!("{} {path}", method.to_uppercase()), operation["operationId"].as_str()?.to_owned()))
        })
    });
    operations.collect()
});

/// Notes what was done by its `operationId`, and to what: the id in the path, or that of what was made. The answer goes out after the
/// line is written.
pub(crate) async fn note(
    state: &AppState,
    context: &Context,
    caller: &Caller,
    method: &Method,
    route: &str,
    path: &str,
    response: Response,
) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let operation = format!("{method} {route}");
    let action = OPERATIONS.get(&operation).map_or(operation.as_str(), String::as_str).to_owned();
    let (target, response) = match in_path(route, path) {
        Some(id) => (Some(id), response),
        None => made(response).await,
    };
    let from = context.client().ok().map(|client| client.ip);
    state.engine.audit(caller, &action, target, from, None).await;
    response
}

/// The part of the path that the route leaves open.
fn in_path(route: &str, path: &str) -> Option<String> {
    let mut parts = route.split('/').zip(path.split('/'));
    parts.find(|(part, _)| part.starts_with('{')).map(|(_, id)| id.chars().take(200).collect())
}

/// The id of what was made, read from the answer.
async fn made(response: Response) -> (Option<String>, Response) {
    let (parts, body) = response.into_parts();
    match to_bytes(body, LARGEST).await {
        Ok(bytes) => {
            let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let id = answer["data"]["id"].as_str().map(str::to_owned);
            (
                id.or_else(|| answer["data"]["id"].as_i64().map(|id| id.to_string())),
                Response::from_parts(parts, Body::from(bytes)),
            )
        }
        Err(error) => (None, axum::response::IntoResponse::into_response(ApiError::internal(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_what_the_route_leaves_open() {
        assert_eq!(in_path("/v1/devices/{id}/pause", "/v1/devices/dev_1/pause").as_deref(), Some("dev_1"));
        assert_eq!(in_path("/v1/devices", "/v1/devices"), None);
    }

    #[test]
    fn an_action_is_an_operation_of_the_document() {
        assert_eq!(OPERATIONS.get("POST /v1/devices/{id}/pause").map(String::as_str), Some("pauseDevice"));
    }
}
