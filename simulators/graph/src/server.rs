//! The HTTP side: who asks, for what.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Query, State as Extract},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use crate::{
    Fault, GraphError, cloud_api, media, messaging,
    state::{Account, Kind, Recorded, Shared},
    templates, token,
};

/// The versions that are served on 2026-11-01; every other is an unknown path to Meta.
const VERSIONS: [&str; 6] = ["v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0"];
/// Meta's own limit for files is the largest thing anybody sends.
const LARGEST: usize = 110 << 20;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/files/{age}/{id}", get(file))
        .route("/refresh_access_token", get(renew))
        .route("/{version}/{*path}", any(graph))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(shared)
}

/// The account whose token stands in `Authorization`.
fn account(shared: &Shared, headers: &HeaderMap) -> Result<Account, GraphError> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Err(GraphError::new(403, 200, "Provide valid app ID or a token"));
    };
    shared.lock().by_token(token).cloned().ok_or_else(GraphError::token)
}

/// A file, for whoever has a token and an address that is not old.
async fn file(
    Extract(shared): Extract<Arc<Shared>>,
    Path((age, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    shared.lock().media.asked += 1;
    if account(&shared, &headers).is_err() || !headers.contains_key(header::USER_AGENT) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match shared.lock().media.at(&age, &id) {
        Some(file) => {
            ([(header::CONTENT_TYPE, file.content_type.clone())], file.bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn renew(
    Extract(shared): Extract<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    token::renewed(&mut shared.lock(), &query)
        .map_or_else(IntoResponse::into_response, |told| Json(told).into_response())
}

async fn graph(
    Extract(shared): Extract<Arc<Shared>>,
    Path((version, path)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.lock().requests.push(Recorded {
        method: method.to_string(),
        path: path.clone(),
        version: version.clone(),
        body: String::from_utf8(body.to_vec()).unwrap_or_default(),
    });
    let outcome = async {
        if !VERSIONS.contains(&version.as_str()) {
            return Err(GraphError::new(400, 2500, format!("Unknown path components: /{version}/{path}")));
        }
        if path == "debug_token" {
            return Ok(Json(token::inspected(&shared.lock(), &headers, &query)?).into_response());
        }
        let account = account(&shared, &headers)?;
        let parts: Vec<&str> = path.split('/').collect();
        match (method.as_str(), &parts[..]) {
            ("POST", ["me", "messages"]) if account.kind != Kind::Number => {
                Ok(send(&shared, &account, &body).await)
            }
            ("POST", [id, "messages"]) if *id == account.id => Ok(send(&shared, &account, &body).await),
            ("POST", [id, "media"]) if *id == account.id => {
                let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let file = media::upload(content_type.unwrap_or_default(), &body)?;
                let id = shared.lock().media.add(&file.content_type, file.bytes);
                Ok(Json(json!({ "id": id })).into_response())
            }
            ("POST", [id, "subscribed_apps"])
                if *id == account.waba
                    || *id == account.id
                    || (*id == "me" && account.kind != Kind::Number) =>
            {
                Ok(Json(json!({ "success": true })).into_response())
            }
            ("GET", [waba, "message_templates"]) if *waba == account.waba => {
                let asked = |name: &str| query.get(name).cloned();
                Ok(Json(templates::page(&shared.lock(), &version, waba, &asked)).into_response())
            }
            ("GET", ["app"]) => Ok(Json(json!({ "id": token::APP })).into_response()),
            ("GET", [id]) => read(&shared, &account, id),
            (_, [id, ..]) => Err(GraphError::unknown_object(id)),
            (_, []) => Err(GraphError::unknown_object("")),
        }
    };
    outcome.await.unwrap_or_else(IntoResponse::into_response)
}

/// One object: an account's own, a file's, a person's.
fn read(shared: &Shared, account: &Account, id: &str) -> Result<Response, GraphError> {
    let mut state = shared.lock();
    let found = if *id == *account.id {
        json!({ "id": id, "display_phone_number": account.display, "verified_name": "Toko", "name": "Toko", "username": "toko",
            "throughput": { "level": state.limits.level(id) } })
    } else if let Some(found) = state.media.look_up(&shared.url, id) {
        found
    } else if let Some(profile) = state.profiles.get(id) {
        profile.clone()
    } else {
        return Err(GraphError::unknown_object(id));
    };
    Ok(Json(found).into_response())
}

/// One send: as scripted for its recipient, and else as Meta would answer.
async fn send(shared: &Arc<Shared>, account: &Account, body: &Bytes) -> Response {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return GraphError::new(400, 100, "The body is not JSON").into_response();
    };
    let raw = String::from_utf8_lossy(body).into_owned();
    let whom =
        if account.kind == Kind::Number { cloud_api::recipient(&json) } else { messaging::recipient(&json) };
    let fault = whom.as_deref().and_then(|whom| shared.lock().fault(whom));
    match fault {
        Some(Fault::Error { code, status }) => {
            return GraphError::new(status, code, "As scripted.").into_response();
        }
        Some(Fault::Http(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            return (status, "<html>no JSON</html>").into_response();
        }
        Some(Fault::Slow(by)) => tokio::time::sleep(by).await,
        Some(Fault::Later { .. } | Fault::CutOff | Fault::CutOffForGood | Fault::Silent) | None => {}
    }
    let taken = match account.kind {
        Kind::Number => cloud_api::send(shared, account, &json, fault),
        Kind::Page | Kind::Instagram => messaging::send(shared, account, &json, fault).await,
    };
    let answer = match taken {
        Ok(answer) => answer,
        Err(error) => return error.into_response(),
    };
    shared.lock().taken.push(raw);
    shared.told.notify_one();
    if matches!(fault, Some(Fault::CutOff | Fault::CutOffForGood)) {
        // A head that promises a body, and no body.
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("cut off as scripted"))]);
        return (StatusCode::OK, Body::from_stream(broken)).into_response();
    }
    Json(answer).into_response()
}
