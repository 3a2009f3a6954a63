//! Telegram's answers.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A "no", with what goes with it.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    code: u16,
    description: String,
    parameters: Value,
}

impl Refused {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: Value::Null }
    }

    pub(crate) fn bad(what: &str) -> Self {
        Self::new(400, format!("Bad Request: {what}"))
    }

    pub(crate) fn forbidden(what: &str) -> Self {
        Self::new(403, format!("Forbidden: {what}"))
    }

    pub(crate) fn conflict(what: &str) -> Self {
        Self::new(409, format!("Conflict: {what}"))
    }

    /// Flood control.
    pub(crate) fn slow_down(seconds: u64) -> Self {
        Self {
            parameters: json!({ "retry_after": seconds }),
            ..Self::new(429, format!("Too Many Requests: retry after {seconds}"))
        }
    }

    /// The group has another id.
    pub(crate) fn upgraded(to: i64) -> Self {
        Self {
            parameters: json!({ "migrate_to_chat_id": to }),
            ..Self::bad("group chat was upgraded to a supergroup chat")
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut body = json!({ "ok": false, "error_code": self.code, "description": self.description });
        let wait = self.parameters["retry_after"].as_u64();
        if !self.parameters.is_null() {
            body["parameters"] = self.parameters;
        }
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(body)).into_response();
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// A result.
pub(crate) fn ok(result: Value) -> Response {
    let mut body = json!({ "ok": true });
    body["result"] = result;
    axum::Json(body).into_response()
}
