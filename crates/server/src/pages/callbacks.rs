//! `/callbacks/…`: where networks call us. For them and not for our users, so not in the API's document.

use axum::{
    body::Bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use cetar_engine::callback::CallbackError;
use cetar_provider::{CallbackRefused, CallbackRequest};

use super::arrival;
use crate::{
    context::Context,
    error::{ApiError, ErrorCode, Text},
    state::AppState,
};

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

/// Something happened. The 200 comes after the commit. Of what nobody here can have been told, the body is not read.
pub(crate) async fn tell(
    State(state): State<AppState>,
    Path(network): Path<String>,
    context: Context,
    request: Request,
) -> Result<Response, ApiError> {
    if state.options.stop.is_cancelled() {
        return Err(ApiError::new(ErrorCode::ShuttingDown));
    }
    let (parts, body) = request.into_parts();
    let mut told = read(parts.uri.query(), &parts.headers, Bytes::new());
    state.engine.expects_callback(&network, &told).map_err(refused)?;
    let client = context.client()?;
    let (body, _place) = arrival::read(&state, client, &parts.headers, body).await?;
    told.body = body;
    state.engine.take_callback(&network, &told, client.ip).await.map_err(refused)?;
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
        CallbackError::ShutOut(wait) => ApiError::new(ErrorCode::IpBlocked).retry_after(wait).saying(Text::new(
            "Terlalu banyak panggilan dengan tanda tangan salah dari alamat IP ini. Periksa app_secret di pengaturan device.",
            "Too many calls from this IP address had a wrong signature. Look at app_secret in the device's settings.",
        )),
        CallbackError::Store(error) => error.into(),
    }
}
