//! Why something about an endpoint is not done.

use cetar_engine::endpoints::{EndpointError, HeaderProblem, MOST_HEADERS};

use crate::{
    error::{ApiError, ErrorCode},
    input::{FieldProblem, Problem},
};

impl From<EndpointError> for ApiError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Url(problem) => Self::field("url", Problem::Url(problem)),
            EndpointError::NoSuchDevice => Self::field("device_id", Problem::NoSuchDevice),
            EndpointError::TooManyHeaders => Self::field("headers", Problem::TooLong { max: MOST_HEADERS }),
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
