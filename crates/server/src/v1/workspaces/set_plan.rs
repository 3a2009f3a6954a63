//! `PUT /v1/workspaces/{id}/plan`

use axum::extract::State;
use cetar_model::{Channel, Plan, WorkspaceId};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::Operator,
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Id, Problem, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
    v1::plan::read::PlanData,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound);

/// What a tenant may do. A figure left out is no limit; a field that is not known is refused.
#[derive(ToSchema)]
#[schema(as = NewPlan)]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct PlanBody {
    /// Channels allowed; left out: all.
    #[schema(value_type = Option<Vec<schema::Channel>>, required = false)]
    channels: Option<Vec<String>>,
    /// Devices, at most.
    #[schema(nullable, required = false)]
    devices: Option<u32>,
    /// Requests a minute and key, 1 to 100000; left out: the server's own figure.
    #[schema(minimum = 1, maximum = 100_000, nullable, required = false)]
    requests_per_minute: Option<u32>,
    /// Campaigns to many recipients.
    #[schema(default = true, nullable, required = false)]
    broadcast: Option<bool>,
    /// Meta's official API.
    #[schema(default = true, nullable, required = false)]
    official_api: Option<bool>,
    /// Dashboard accounts, at most.
    #[schema(nullable, required = false)]
    members: Option<u32>,
}

/// All there is. A field left out is no limit, so one mistyped would be none either.
const FIELDS: &[&str] =
    &["channels", "devices", "requests_per_minute", "broadcast", "official_api", "members"];

fn parse(fields: &Fields<'_>) -> Result<Plan, ApiError> {
    let mut plan = Plan::default();
    fields.only(FIELDS);
    if fields.has("channels") {
        let unknown = || Problem::Unknown { allowed: words(Channel::ALL) };
        plan.channels = fields.list("channels", Channel::ALL.len(), unknown);
    }
    let figure = |name, min, max: u32| {
        fields.integer(name, min..=u64::from(max)).and_then(|figure| u32::try_from(figure).ok())
    };
    plan.devices = figure("devices", 0, u32::MAX);
    plan.requests_per_minute = figure("requests_per_minute", 1, 100_000);
    plan.members = figure("members", 0, u32::MAX);
    plan.broadcast = fields.flag("broadcast").unwrap_or(plan.broadcast);
    plan.official_api = fields.flag("official_api").unwrap_or(plan.official_api);
    fields.check()?;
    Ok(plan)
}

/// Set a workspace's plan
///
/// Replaces the whole plan.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{id}/plan",
    tag = "workspaces",
    operation_id = "setPlan",
    params(("id" = String, Path, description = "The workspace's id.")),
    request_body = PlanBody,
    responses((status = 200, description = "Set.", body = Answer<PlanData>), Refusals),
)]
pub(crate) async fn set_plan(
    State(state): State<AppState>,
    _operator: Operator,
    Spoken(language): Spoken,
    Id(id): Id<WorkspaceId>,
    body: Body,
) -> Result<Answer<PlanData>, ApiError> {
    let plan = parse(&body.fields())?;
    if !state.engine.set_plan(&id, plan.clone()).await? {
        return Err(ApiError::new(ErrorCode::NotFound));
    }
    Ok(Answer::new(language, Text::new("Paket disimpan.", "The plan is set."), plan.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    fn read(plan: &Value) -> Result<Plan, ApiError> {
        let none = Map::new();
        parse(&Fields::of(plan.as_object().unwrap_or(&none)))
    }

    #[test]
    fn a_name_mistyped_is_refused_and_does_not_lift_the_limit() {
        let error = read(&json!({"device": 3, "members": 1})).expect_err("refused");
        let answer = error.write(&mut axum::http::HeaderMap::new(), cetar_model::Language::English, "");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let fields = answer["error"]["fields"].as_array().expect("fields");
        assert_eq!(fields.len(), 1, "{answer}");
        assert_eq!((&fields[0]["field"], &fields[0]["code"]), (&json!("device"), &json!("unknown_field")));
        assert!(fields[0]["message"].as_str().is_some_and(|text| text.contains("devices, ")), "{answer}");
    }

    #[test]
    fn a_plan_reads_back_as_it_is_shown() {
        let shown = serde_json::to_value(PlanData::from(Plan::default())).expect("JSON");
        assert_eq!(read(&shown).expect("the plan it shows"), Plan::default());
    }
}
