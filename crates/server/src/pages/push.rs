//! `POST /callbacks/telegram/DEVICE`: what Telegram pushes for a bot. For the network and not for our users, so not in the API's document.

use std::time::Duration;

use axum::{
    body::to_bytes,
    extract::{Path, Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use cetar_engine::push::PushError;
use cetar_model::DeviceId;
use cetar_provider::Push;

use crate::{
    error::{ApiError, ErrorCode},
    state::AppState,
};

/// The largest push, in bytes.
const LARGEST: usize = 3 << 20;
/// A caller that stalls gives its place to others.
const ARRIVAL: Duration = Duration::from_secs(20);
/// When a network should push again what cannot be taken now.
const AGAIN: Duration = Duration::from_secs(5);

/// The 200 comes after the commit, and is empty: Telegram would carry out a method that stood in it.
pub(crate) async fn telegram(
    State(state): State<AppState>,
    Path(device): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let device: DeviceId = device.parse().map_err(|_| ApiError::new(ErrorCode::NotFound))?;
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(ARRIVAL, to_bytes(body, LARGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err(ApiError::new(ErrorCode::BodyTooLarge)),
        Err(_) => return Err(ApiError::new(ErrorCode::InvalidJson)),
    };
    let push = Push { headers: headers(&parts.headers), body };
    state.engine.push(&device, &push).await.map_err(|error| match error {
        PushError::NotVerified => ApiError::new(ErrorCode::CallbackNotVerified),
        PushError::Unreadable => ApiError::new(ErrorCode::InvalidJson),
        PushError::NotNow(_) => {
            ApiError::new(ErrorCode::NetworkUnavailable).because(error).retry_after(AGAIN)
        }
    })?;
    Ok(().into_response())
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    text.collect()
}
