//! What the operator's face has beyond the API: it needs the machine's file system.

use std::path::PathBuf;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use cetar_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::json;

/// Where a backup is asked for.
pub(crate) const BACKUP: &str = "/local/backup";

/// A backup to write.
#[derive(Debug, Deserialize)]
struct Backup {
    /// An absolute path on this machine.
    file: PathBuf,
}

/// The extra routes.
pub(crate) fn router(store: Store) -> Router {
    Router::new().route(BACKUP, post(backup)).with_state(store)
}

async fn backup(State(store): State<Store>, Json(Backup { file }): Json<Backup>) -> Response {
    match store.backup(&file).await {
        Ok(()) => {
            Json(json!({"success": true, "message": "The backup is written.", "data": {}})).into_response()
        }
        Err(error) => {
            let (status, code) = match &error {
                StoreError::Conflict => (StatusCode::UNPROCESSABLE_ENTITY, "file_exists"),
                StoreError::Unsupported(_) => (StatusCode::UNPROCESSABLE_ENTITY, "not_supported"),
                _ => (StatusCode::INTERNAL_SERVER_ERROR, "backup_failed"),
            };
            let message = match error {
                StoreError::Conflict => format!("{} is there already; name another file", file.display()),
                StoreError::Unsupported(what) => what.to_owned(),
                other => other.to_string(),
            };
            let body = json!({"success": false, "message": message, "error": {"code": code}});
            (status, Json(body)).into_response()
        }
    }
}
