//! `POST /v1/jobs/{id}/resolve`

use axum::extract::State;
use cetar_model::JobId;
use utoipa::ToSchema;

use super::view::{JobData, changed};
use crate::{
    answer::Answer,
    auth::{Authorized, Messages},
    context::Context,
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Id, Problem},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, NotFound, JobNotResolvable, OutcomeUnknown,
);

/// What became of a message whose fate is unknown.
#[derive(ToSchema)]
#[schema(as = ResolveJob)]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct ResolveBody {
    /// `sent`: the recipient has it. `failed`: they do not.
    #[schema(pattern = "^(sent|failed)$", example = "sent")]
    outcome: String,
}

fn parse(fields: &Fields<'_>) -> Result<bool, ApiError> {
    fields.require("outcome");
    let sent = match fields.raw_text("outcome") {
        Some("sent") => Some(true),
        Some("failed") => Some(false),
        Some("") => {
            fields.refuse("outcome", Problem::Empty);
            None
        }
        Some(_) => {
            fields.refuse(
                "outcome",
                Problem::Unknown { allowed: vec!["sent".to_owned(), "failed".to_owned()] },
            );
            None
        }
        None => None,
    };
    fields.complete(sent)
}

/// Resolve an unknown job
///
/// Where a message may have been sent, resending is not safe and nobody can tell, a person decides. A receipt that comes later
/// still counts.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/resolve",
    tag = "jobs",
    operation_id = "resolveJob",
    params(("id" = String, Path, description = "The `job_id` of a send.", example = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")),
    request_body = ResolveBody,
    responses((status = 200, description = "Done; the job as it is now.", body = Answer<JobData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn resolve(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    context: Context,
    Spoken(language): Spoken,
    Id(id): Id<JobId>,
    body: Body,
) -> Result<Answer<JobData>, ApiError> {
    context.note_job(&id);
    let sent = parse(&body.fields())?;
    let change = state.engine.resolve(&caller, &id, sent).await?;
    let done = Text::new("Status job diputuskan.", "The job is resolved.");
    changed(&state, &caller, &id, language, change, (done, ErrorCode::JobNotResolvable)).await
}
