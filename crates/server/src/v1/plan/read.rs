//! `GET /v1/plan`

use cetar_model::{Channel, Plan};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::ApiError,
    language::Spoken,
    openapi::{refusals, schema},
};

refusals!(Refusals:);

/// A plan. A figure that is `null` is no limit of the plan's own.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub(in crate::v1) struct PlanData {
    /// Channels allowed.
    #[schema(value_type = Vec<schema::Channel>, required)]
    channels: Vec<Channel>,
    /// Devices, at most (sandbox devices do not count).
    #[schema(required, example = json!(null))]
    devices: Option<u32>,
    /// Requests a minute and key; `null`: the server's own figure.
    #[schema(required, example = json!(null))]
    requests_per_minute: Option<u32>,
    /// Campaigns to many recipients.
    broadcast: bool,
    /// Meta's official API.
    official_api: bool,
    /// Dashboard accounts, at most.
    #[schema(required, example = json!(null))]
    members: Option<u32>,
}

impl From<Plan> for PlanData {
    fn from(plan: Plan) -> Self {
        let Plan { channels, devices, requests_per_minute, broadcast, official_api, members } = plan;
        Self { channels, devices, requests_per_minute, broadcast, official_api, members }
    }
}

/// Read the plan
///
/// What the workspace of the key may do.
#[utoipa::path(
    get,
    path = "/v1/plan",
    tag = "workspace",
    operation_id = "getPlan",
    responses((status = 200, description = "The plan.", body = Answer<PlanData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn read(
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
) -> Result<Answer<PlanData>, ApiError> {
    Ok(Answer::found(language, caller.workspace.plan.into()))
}
