//! `GET /v1/jobs/{id}`

use axum::extract::State;
use cetar_model::JobId;

use super::view::{JobData, show};
use crate::{
    answer::Answer,
    auth::{Authorized, Messages},
    context::Context,
    error::ApiError,
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound);

/// Read a job
///
/// The life of an accepted message: where it stands, every attempt, and why it failed if it did.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    operation_id = "getJob",
    params(("id" = String, Path, description = "The `job_id` of a send.", example = "job_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")),
    responses((status = 200, description = "The job.", body = Answer<JobData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    context: Context,
    Spoken(language): Spoken,
    Id(id): Id<JobId>,
) -> Result<Answer<JobData>, ApiError> {
    context.note_job(&id);
    Ok(Answer::found(language, show(&state, &caller, &id, language).await?))
}
