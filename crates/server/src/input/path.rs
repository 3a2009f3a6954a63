//! The id in a path.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};

use crate::error::{ApiError, ErrorCode};

/// The one parameter of the path, read as an id. What is not an id of that kind names nothing we have: 404.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let not_found = || ApiError::new(ErrorCode::NotFound);
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        let id = params.iter().next().and_then(|(_, id)| id.parse().ok());
        id.map(Self).ok_or_else(not_found)
    }
}
