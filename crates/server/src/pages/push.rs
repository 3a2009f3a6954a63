//! `POST /callbacks/telegram/DEVICE`: what Telegram pushes for a bot. For the network and not for our users, so not in the API's document.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{Path, Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use cetar_engine::push::PushError;
use cetar_model::DeviceId;
use cetar_provider::Push;

use super::arrival;
use crate::{
    context::Context,
    error::{ApiError, ErrorCode},
    state::AppState,
};

/// When a network should push again what cannot be taken now.
const AGAIN: Duration = Duration::from_secs(5);

/// The 200 comes after the commit, and is empty: Telegram would carry out a method that stood in it. Of what does not carry the device's
/// secret, the body is not read.
pub(crate) async fn telegram(
    State(state): State<AppState>,
    Path(device): Path<String>,
    context: Context,
    request: Request,
) -> Result<Response, ApiError> {
    let device: DeviceId = device.parse().map_err(|_| ApiError::new(ErrorCode::NotFound))?;
    let (parts, body) = request.into_parts();
    let mut push = Push { headers: headers(&parts.headers), body: Bytes::new() };
    state.engine.expects_push(&device, &push).map_err(refused)?;
    let (body, _place) = arrival::read(&state, context.client()?, &parts.headers, body).await?;
    push.body = body;
    state.engine.push(&device, &push).await.map_err(refused)?;
    Ok(().into_response())
}

fn refused(error: PushError) -> ApiError {
    match error {
        PushError::NotVerified => ApiError::new(ErrorCode::CallbackNotVerified),
        PushError::Unreadable => ApiError::new(ErrorCode::InvalidJson),
        PushError::NotNow(_) => {
            ApiError::new(ErrorCode::NetworkUnavailable).because(error).retry_after(AGAIN)
        }
    }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    text.collect()
}
