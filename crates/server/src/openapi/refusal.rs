//! Refusals in the document: by status, each with its codes.

use std::collections::BTreeMap;

use cetar_model::Language;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema, Type,
        extensions::Extensions,
    },
};

use crate::{error::ErrorCode, input::FieldError};

/// Declares which codes an endpoint answers with, beside those that every endpoint of `/v1` has.
macro_rules! refusals {
    ($name:ident: $($code:ident),* $(,)?) => {
        /// What this endpoint answers when it does not do it.
        struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses()
            -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                crate::openapi::Failures::responses(&[$(crate::ErrorCode::$code),*])
            }
        }
    };
}
pub(crate) use refusals;

/// What any request to `/v1` may be answered.
const COMMON: [ErrorCode; 16] = [
    ErrorCode::ApiKeyMissing,
    ErrorCode::ApiKeyMalformed,
    ErrorCode::ApiKeyInvalid,
    ErrorCode::ApiKeyRevoked,
    ErrorCode::ApiKeyExpired,
    ErrorCode::NotSignedIn,
    ErrorCode::IpBlocked,
    ErrorCode::ScopeMissing,
    ErrorCode::KeyTooNarrow,
    ErrorCode::RoleMissing,
    ErrorCode::CsrfTokenMissing,
    ErrorCode::RateLimited,
    ErrorCode::Internal,
    ErrorCode::Unavailable,
    ErrorCode::Overloaded,
    ErrorCode::ShuttingDown,
];

/// A refusal: what happened, and what to do.
#[derive(ToSchema)]
#[schema(as = Failure)]
#[expect(dead_code, reason = "the document's picture of what `error.rs` writes")]
pub(crate) struct Failures {
    /// Always false.
    #[schema(example = false)]
    success: bool,
    /// What happened and what to do, for a person.
    #[schema(example = "Ada field yang kosong atau salah; lihat error.fields.")]
    message: String,
    error: FailureDetail,
}

/// The particulars of a refusal.
#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct FailureDetail {
    code: ErrorCode,
    /// With `validation_failed` and the like: every bad field.
    #[schema(required = false)]
    fields: Vec<FieldError>,
    /// Also in `X-Request-Id`.
    #[schema(example = "req_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    request_id: String,
}

/// The schemas that refusals refer to.
pub(super) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = Vec::new();
    Failures::schemas(&mut schemas);
    schemas
}

impl Failures {
    /// By status, the codes an endpoint may answer with. Where it adds nothing to what every endpoint has, by reference.
    pub(crate) fn responses(own: &[ErrorCode]) -> BTreeMap<String, RefOr<Response>> {
        let describe = |(status, codes): (u16, Vec<ErrorCode>)| {
            let adds = codes.iter().any(|code| own.contains(code));
            let response = if adds { RefOr::T(response(&codes)) } else { RefOr::Ref(shared_ref(status)) };
            (status.to_string(), response)
        };
        by_status(COMMON.iter().chain(own)).into_iter().map(describe).collect()
    }
}

/// What every endpoint has, to be referred to.
pub(super) fn shared() -> impl Iterator<Item = (String, Response)> {
    by_status(COMMON.iter()).into_iter().map(|(status, codes)| (status.to_string(), response(&codes)))
}

/// Components have names; a name that is a number is one too.
fn shared_ref(status: u16) -> Ref {
    Ref::new(format!("#/components/responses/{status}"))
}

fn by_status<'c>(codes: impl Iterator<Item = &'c ErrorCode>) -> BTreeMap<u16, Vec<ErrorCode>> {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().push(*code);
    }
    by_status
}

/// The description in Indonesian: the reference in the dashboard shows it to those who read that.
const IN_INDONESIAN: &str = "x-description-id";

fn response(codes: &[ErrorCode]) -> Response {
    let lines = |language| {
        let line = |code: &ErrorCode| format!("- `{code}`: {}", code.message(language));
        codes.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let examples = codes.first().map(|code| {
        serde_json::json!({
            "success": false,
            "message": code.message(Language::Indonesian),
            "error": {"code": code.as_str(), "request_id": "req_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"},
        })
    });
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("Failure"))).example(examples).build();
    ResponseBuilder::new()
        .description(lines(Language::English))
        .extensions(Some(Extensions::from_iter([(IN_INDONESIAN, lines(Language::Indonesian))])))
        .content("application/json", content)
        .build()
}

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .description(Some("What happened, in one word. Words are added, never renamed."))
            .into()
    }
}

impl ToSchema for ErrorCode {}
