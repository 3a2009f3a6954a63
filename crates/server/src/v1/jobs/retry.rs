//! `POST /v1/jobs/{id}/retry`

use axum::extract::State;
use cetar_model::JobId;

use super::view::{JobData, changed};
use crate::{
    answer::Answer,
    auth::{Authorized, Messages},
    context::Context,
    error::{ApiError, ErrorCode, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound, JobNotRetryable, OutcomeUnknown);

/// Retry a failed or unknown job
///
/// Queues the message for another round of attempts. A job that is `unknown` may have been sent already: ask the recipient first.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/retry",
    tag = "jobs",
    operation_id = "retryJob",
    params(("id" = String, Path, description = "The `job_id` of a send.", example = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")),
    responses((status = 200, description = "Done; the job as it is now.", body = Answer<JobData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn retry(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    context: Context,
    Spoken(language): Spoken,
    Id(id): Id<JobId>,
) -> Result<Answer<JobData>, ApiError> {
    context.note_job(&id);
    let change = state.engine.retry(&caller, &id).await?;
    let done = Text::new("Job masuk antrean lagi.", "The job is queued again.");
    changed(&state, &caller, &id, language, change, (done, ErrorCode::JobNotRetryable)).await
}
