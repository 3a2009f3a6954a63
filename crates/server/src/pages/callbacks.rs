//! `/callbacks/…`: where networks call us. For them and not for our users, so not in the API's document.

use std::time::Duration;

use axum::{
    body::{Bytes, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use cetar_engine::callback::CallbackError;
use cetar_provider::{CallbackRefused, CallbackRequest};

use crate::{
    error::{ApiError, ErrorCode},
    state::AppState,
};

/// The largest callback, in bytes. Meta's are up to 3 MB.
const LARGEST: usize = 3 << 20;
/// A network that stalls gives its place to others.
const ARRIVAL: Duration = Duration::from_secs(20);

/// "Is this address yours?"
pub(crate) async fn ask(
    State(state): State<AppState>,
    Path(network): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let asked = read(request.uri().query(), request.headers(), Bytes::new());
    let answer = state.engine.answer_callback(&network, &asked).await.map_err(refused)?;
    let answer = answer.ok_or_else(|| ApiError::new(ErrorCode::CallbackNotVerified))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], answer).into_response())
}

/// Something happened. The 200 comes after the commit.
pub(crate) async fn tell(
    State(state): State<AppState>,
    Path(network): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    if state.options.stop.is_cancelled() {
        return Err(ApiError::new(ErrorCode::ShuttingDown));
    }
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(ARRIVAL, to_bytes(body, LARGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err(ApiError::new(ErrorCode::BodyTooLarge)),
        Err(_) => return Err(ApiError::new(ErrorCode::InvalidJson)),
    };
    let told = read(parts.uri.query(), &parts.headers, body);
    state.engine.take_callback(&network, &told).await.map_err(refused)?;
    Ok(().into_response())
}

fn read(query: Option<&str>, headers: &HeaderMap, body: Bytes) -> CallbackRequest {
    let query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let text = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    CallbackRequest {
        query: query.into_owned().collect(),
        headers: headers.iter().filter_map(text).collect(),
        body,
    }
}

fn refused(error: CallbackError) -> ApiError {
    match error {
        CallbackError::NotFound => ApiError::new(ErrorCode::NotFound),
        CallbackError::Refused(CallbackRefused::NotVerified) => ApiError::new(ErrorCode::CallbackNotVerified),
        CallbackError::Refused(CallbackRefused::Unreadable) => ApiError::new(ErrorCode::InvalidJson),
        CallbackError::Store(error) => error.into(),
    }
}
