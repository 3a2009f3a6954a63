//! `POST /v1/devices/{id}/link`

use axum::extract::State;
use cetar_model::{DeviceId, DeviceState, LinkMethod, LinkOutcome, PhoneNumber};
use cetar_provider::LinkRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::refused;
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, Id, Problem, words},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, DeviceAlreadyLinked, BodyTooLarge, NotFound, PlanFeatureMissing, NetworkUnavailable);

/// How to link.
#[derive(ToSchema)]
#[schema(as = LinkDevice, example = json!({"method": "pairing_code", "phone": "6281234567890"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct LinkBody {
    /// Scan a QR with the phone, or type a code into it.
    #[schema(value_type = schema::LinkMethod, required = true)]
    method: String,
    /// The account's own number; needed with `pairing_code`.
    #[schema(nullable, required = false)]
    phone: Option<String>,
    /// Of a sandbox device, and of no other: how it goes, so that every end can be tried. `linked`; or, by the `reason` that is told,
    /// `link_expired` (the QR is replaced three times, each after five seconds; nobody uses it), `passkey_required`, `already_linked` or
    /// `banned`; or, with `pairing_code`, `too_many_attempts`. Left out: `linked`.
    #[schema(value_type = Option<schema::LinkOutcome>, required = false)]
    outcome: Option<String>,
}

/// Linking has begun.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkBegun {
    /// The device.
    #[schema(value_type = String)]
    id: DeviceId,
    /// `linking`.
    #[schema(value_type = schema::DeviceState)]
    state: DeviceState,
    /// Where to watch it, as server-sent events.
    #[schema(example = "/v1/devices/dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/link/events")]
    events: String,
}

fn parse(fields: &Fields<'_>) -> Result<LinkRequest, ApiError> {
    fields.require("method");
    let method = fields.parsed("method", || Problem::Unknown { allowed: words(LinkMethod::ALL) });
    if method == Some(LinkMethod::PairingCode) {
        fields.require("phone");
    }
    let phone = fields.raw_text("phone").map(PhoneNumber::parse);
    if let Some(Err(problem)) = phone {
        fields.refuse("phone", Problem::Number(problem));
    }
    let outcome = fields.parsed("outcome", || Problem::Unknown { allowed: words(LinkOutcome::ALL) });
    if method == Some(LinkMethod::Qr) && outcome == Some(LinkOutcome::TooManyAttempts) {
        // Only codes are counted.
        let others = LinkOutcome::ALL.iter().filter(|it| **it != LinkOutcome::TooManyAttempts);
        let allowed = others.map(ToString::to_string).collect();
        fields.refuse("outcome", Problem::Unknown { allowed });
    }
    fields.check()?;
    let method =
        method.ok_or_else(|| ApiError::internal("a required field is missing and was not refused"))?;
    Ok(LinkRequest { method, phone: phone.and_then(Result::ok), outcome })
}

/// Link a device
///
/// Begins linking; one already under way for this device ends. Watch `…/link/events` for the QR or the code to show.
#[utoipa::path(
    post,
    path = "/v1/devices/{id}/link",
    tag = "devices",
    operation_id = "linkDevice",
    params(("id" = String, Path, description = "The device's id.")),
    request_body = LinkBody,
    responses((status = 200, description = "Begun.", body = Answer<LinkBegun>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn link(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
    body: Body,
) -> Result<Answer<LinkBegun>, ApiError> {
    let request = parse(&body.fields())?;
    state.engine.link_device(&caller, &id, request).await.map_err(|error| refused(error, Some(&id), ""))?;
    let events = format!("/v1/devices/{id}/link/events");
    let text = Text::new("Penautan dimulai.", "Linking has begun.");
    Ok(Answer::new(language, text, LinkBegun { id, state: DeviceState::Linking, events }))
}
