//! Why something about an endpoint is not done.

use cetar_engine::endpoints::{EndpointError, HeaderProblem, MOST_ENDPOINTS, MOST_HEADERS};

use crate::{
    error::{ApiError, ErrorCode, Text},
    input::{FieldProblem, Problem},
};

impl From<EndpointError> for ApiError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Url(problem) => Self::field("url", Problem::Url(problem)),
            EndpointError::NoSuchDevice => Self::field("device_id", Problem::NoSuchDevice),
            EndpointError::TooMany => Self::new(ErrorCode::ValidationFailed).saying(Text::new(
                format!(
                    "Workspace ini sudah punya {MOST_ENDPOINTS} webhook. Hapus yang tidak dipakai, atau teruskan event dari satu penerima ke yang lain."
                ),
                format!(
                    "The workspace has {MOST_ENDPOINTS} webhooks already. Delete one that is not used, or have one receiver pass events on to others."
                ),
            )),
            EndpointError::TooManyHeaders => Self::field("headers", Problem::TooMany { max: MOST_HEADERS }),
            EndpointError::Headers(problems) => Self::fields(problems.into_iter().map(header).collect()),
            EndpointError::NotFound => Self::new(ErrorCode::NotFound),
            EndpointError::Disabled => Self::new(ErrorCode::WebhookDisabled),
            EndpointError::Store(error) => error.into(),
        }
    }
}

fn header((name, problem): (String, HeaderProblem)) -> FieldProblem {
    let problem = match problem {
        HeaderProblem::Name => Problem::HeaderName,
        HeaderProblem::Reserved => Problem::HeaderReserved,
        HeaderProblem::Twice => Problem::HeaderTwice,
        HeaderProblem::Value => Problem::HeaderValue,
    };
    FieldProblem { field: format!("headers.{name}"), problem }
}
