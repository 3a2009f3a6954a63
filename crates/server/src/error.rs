//! Every refusal there is: its code, its status, its words. No other file of the product names a status of failure.

mod code;

use std::{borrow::Cow, fmt, time::Duration};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use cetar_model::Language;
use cetar_store::StoreError;
use serde::Serialize;

pub use code::ErrorCode;

use crate::input::{FieldProblem, Problem};

impl ErrorCode {
    /// The HTTP status of this code, as the contract's table has it.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::ApiKeyMissing
            | Self::ApiKeyMalformed
            | Self::ApiKeyInvalid
            | Self::ApiKeyRevoked
            | Self::ApiKeyExpired
            | Self::NotSignedIn
            | Self::WrongCredentials
            | Self::TotpRequired => StatusCode::UNAUTHORIZED,
            Self::PlanFeatureMissing
            | Self::IpBlocked
            | Self::DeviceNotAllowed
            | Self::ScopeMissing
            | Self::KeyTooNarrow
            | Self::CsrfTokenMissing
            | Self::RoleMissing
            | Self::MetricsNotAllowed
            | Self::CallbackNotVerified => StatusCode::FORBIDDEN,
            Self::NotFound
            | Self::InvitationEnded
            | Self::MediaLinkInvalid
            | Self::MediaLinkExpired
            | Self::MediaLost => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InvalidJson
            | Self::ValidationFailed
            | Self::NoDevice
            | Self::SessionIdRequired
            | Self::DeviceNotLinked
            | Self::DeviceAlreadyLinked
            | Self::AccountInUse
            | Self::RecipientNotOptedIn
            | Self::OutsideWindow
            | Self::TemplateRefused
            | Self::IdempotencyKeyReused
            | Self::CursorExpired
            | Self::JobNotCancellable
            | Self::JobNotRetryable
            | Self::JobNotResolvable
            | Self::LastOwner
            | Self::TotpOn
            | Self::PeopleAreReal
            | Self::NotInvited
            | Self::WebhookDisabled => StatusCode::UNPROCESSABLE_ENTITY,
            Self::SignInLimited | Self::RateLimited | Self::TooManyStreams | Self::CheckLimited => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Internal | Self::OutcomeUnknown => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable
            | Self::Overloaded
            | Self::ShuttingDown
            | Self::NetworkUnavailable
            | Self::MediaNotReady => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// How long to wait where nothing better is known. Every 503 says something.
    const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Overloaded => Some(Duration::from_secs(1)),
            Self::Unavailable | Self::ShuttingDown | Self::MediaNotReady => Some(Duration::from_secs(5)),
            Self::NetworkUnavailable | Self::TooManyStreams => Some(Duration::from_secs(15)),
            _ => None,
        }
    }
}

/// A part was asked for, and is what follows.
pub(crate) const PART: StatusCode = StatusCode::PARTIAL_CONTENT;

/// What the client has is current.
pub(crate) const UNCHANGED: StatusCode = StatusCode::NOT_MODIFIED;

/// Of the page that tells a person that there is nothing at this address.
pub(crate) const NOTHING_THERE: StatusCode = StatusCode::NOT_FOUND;

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) indonesian: Cow<'static, str>,
    pub(crate) english: Cow<'static, str>,
}

impl Text {
    pub(crate) fn new(
        indonesian: impl Into<Cow<'static, str>>,
        english: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { indonesian: indonesian.into(), english: english.into() }
    }

    pub(crate) fn into(self, language: Language) -> String {
        match language {
            Language::Indonesian => self.indonesian.into_owned(),
            Language::English => self.english.into_owned(),
        }
    }
}

/// A refusal on its way out. The language and the request id are added by [`crate::context`], which knows them.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    code: ErrorCode,
    message: Option<Text>,
    fields: Vec<FieldProblem>,
    retry_after: Option<Duration>,
    /// For the log, never for the client.
    cause: Option<String>,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self { code, message: None, fields: Vec::new(), retry_after: code.retry_after(), cause: None }
    }

    /// Says it more precisely than the code's own words.
    pub(crate) fn saying(mut self, message: Text) -> Self {
        self.message = Some(message);
        self
    }

    /// Adds a bad field.
    pub(crate) fn at(mut self, field: impl Into<String>, problem: Problem) -> Self {
        self.fields.push(FieldProblem { field: field.into(), problem });
        self
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Bad fields, all of them.
    pub(crate) fn fields(fields: Vec<FieldProblem>) -> Self {
        Self { fields, ..Self::new(ErrorCode::ValidationFailed) }
    }

    /// One bad field.
    pub(crate) fn field(field: impl Into<String>, problem: Problem) -> Self {
        Self::new(ErrorCode::ValidationFailed).at(field, problem)
    }

    /// Our own fault: the cause goes to the log.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(ErrorCode::Internal) }
    }

    /// The network did not answer, or not as it should: with what its provider says of that, which is where to look.
    pub(crate) fn network(detail: &str) -> Self {
        let text = Text::new(
            format!(
                "Jaringan device ini tidak menjawab dengan benar. Perbaiki penyebabnya, lalu coba lagi: {detail}"
            ),
            format!(
                "The device's network did not answer as it should. Mend the cause, then try again: {detail}"
            ),
        );
        Self::new(ErrorCode::NetworkUnavailable).saying(text).because(detail)
    }

    /// For a while: the cause goes to the log.
    pub(crate) fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// What it says, on one line, every bad field included: for those who get no answer in JSON.
    pub(crate) fn in_words(self, language: Language) -> String {
        if self.fields.is_empty() {
            return self
                .message
                .map_or_else(|| self.code.message(language).to_owned(), |text| text.into(language));
        }
        let told = self.fields.into_iter().map(|problem| {
            let bad = problem.describe(language);
            format!("{}: {}", bad.field, bad.message)
        });
        told.collect::<Vec<_>>().join(" ")
    }

    /// Writes body and headers of the answer. Headers that are there already, such as `Allow`, stay.
    pub(crate) fn write(self, headers: &mut HeaderMap, language: Language, request_id: &str) -> Vec<u8> {
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            let challenge = match self.code {
                ErrorCode::ApiKeyMissing
                | ErrorCode::NotSignedIn
                | ErrorCode::WrongCredentials
                | ErrorCode::TotpRequired => r#"Bearer realm="cetar""#,
                _ => r#"Bearer realm="cetar", error="invalid_token""#,
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.remove(header::CONTENT_LENGTH);
        let message = match self.message {
            Some(text) => text.into(language),
            None => self.code.message(language).to_owned(),
        };
        let fields = self.fields.into_iter().map(|problem| problem.describe(language)).collect();
        let error = ErrorBody { code: self.code.as_str(), fields, request_id };
        // A structure of strings: writing it cannot fail.
        serde_json::to_vec(&Failure { success: false, message, error }).unwrap_or_default()
    }
}

/// Seconds, rounded up: a client that waits this long has waited long enough.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[derive(Serialize)]
struct Failure<'a> {
    success: bool,
    message: String,
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<crate::input::FieldError>,
    request_id: &'a str,
}

/// The status, and the error itself beside it for [`crate::context`] to write out.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::new(ErrorCode::Unavailable).because(error),
            StoreError::InDoubt => Self::new(ErrorCode::OutcomeUnknown).because(error),
            StoreError::Conflict
            | StoreError::LeaseLost
            | StoreError::Corrupt { .. }
            | StoreError::Damaged(_)
            | StoreError::Unsupported(_)
            | StoreError::Database(_) => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_one_word_in_snake_case_and_says_something_in_both_languages() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.as_str()), "{code} is there twice");
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            assert!(code.as_str().bytes().all(plain), "{code}");
            let [indonesian, english] = [Language::Indonesian, Language::English].map(|l| code.message(l));
            assert!(indonesian.ends_with('.') && english.ends_with('.') && indonesian != english, "{code}");
        }
    }

    #[test]
    fn only_the_contracts_statuses_are_used_and_every_503_says_when_to_come_back() {
        for code in ErrorCode::ALL {
            let status = code.status().as_u16();
            assert!([401, 403, 404, 405, 413, 422, 429, 500, 503].contains(&status), "{code} is {status}");
            assert!(status != 503 || code.retry_after().is_some(), "{code}");
        }
    }

    #[test]
    fn what_went_wrong_inside_is_not_told() {
        let mut headers = HeaderMap::new();
        let error = ApiError::internal("relation secrets does not exist");
        let body = error.write(&mut headers, Language::English, "req_1");
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"success":false,"message":"Something went wrong on our side. Name the request_id when you report it.","error":{"code":"internal_error","request_id":"req_1"}}"#
        );
    }
}
