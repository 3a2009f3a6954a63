//! `POST /v1/jobs/{id}/cancel`

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

refusals!(Refusals: NotFound, JobNotCancellable, OutcomeUnknown);

/// Cancel a queued job
///
/// Takes a message back that has not gone out yet. Once it is `sending` it cannot be taken back.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/cancel",
    tag = "jobs",
    operation_id = "cancelJob",
    params(("id" = String, Path, description = "The `job_id` of a send.", example = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")),
    responses((status = 200, description = "Done; the job as it is now.", body = Answer<JobData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    context: Context,
    Spoken(language): Spoken,
    Id(id): Id<JobId>,
) -> Result<Answer<JobData>, ApiError> {
    context.note_job(&id);
    let change = state.engine.cancel(&caller, &id).await?;
    let done = Text::new("Job dibatalkan.", "The job is cancelled.");
    changed(&state, &caller, &id, language, change, (done, ErrorCode::JobNotCancellable)).await
}
