//! Meta's error envelope.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A refusal in Meta's form.
#[derive(Debug, Clone)]
pub struct GraphError {
    /// The HTTP status.
    pub status: u16,
    /// Meta's code.
    pub code: i64,
    /// Meta's subcode.
    pub subcode: Option<i64>,
    /// The words that help most.
    pub details: String,
}

impl GraphError {
    pub(crate) fn new(status: u16, code: i64, details: impl Into<String>) -> Self {
        Self { status, code, subcode: None, details: details.into() }
    }

    /// A bad parameter.
    pub(crate) fn parameter(details: impl Into<String>) -> Self {
        Self::new(400, 131_009, details)
    }

    /// A missing parameter.
    pub(crate) fn missing(name: &str) -> Self {
        Self::new(400, 131_008, format!("The parameter {name} is required."))
    }

    /// An object that does not exist, or may not be seen.
    pub(crate) fn unknown_object(id: &str) -> Self {
        let details = format!("Unsupported request. Object with ID '{id}' does not exist");
        Self { subcode: Some(33), ..Self::new(400, 100, details) }
    }

    /// The token is not accepted.
    pub(crate) fn token() -> Self {
        Self { subcode: Some(463), ..Self::new(401, 190, "Error validating access token") }
    }

    pub(crate) const fn with_subcode(mut self, subcode: i64) -> Self {
        self.subcode = Some(subcode);
        self
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        let mut error = json!({
            "message": format!("(#{}) {}", self.code, self.details),
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "AbCdEf123",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(json!({ "error": error }))).into_response()
    }
}
