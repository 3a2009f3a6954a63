//! `PATCH /v1/contacts/{id}`

use axum::extract::State;
use cetar_model::ContactId;
use cetar_store::ContactChange;
use utoipa::ToSchema;

use super::view::ContactData;
use crate::{
    answer::Answer,
    auth::{Authorized, WholeWorkspace},
    error::{ApiError, ErrorCode, Text},
    input::{Body, Fields, Id, TextRule},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound);

/// What to change; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ChangeContact, example = json!({"name": "Budi Santoso", "labels": ["pelanggan"]}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct ChangeBody {
    /// What you call them, up to 100 characters; empty: what they call themselves.
    #[schema(max_length = 100, nullable, required = false)]
    name: Option<String>,
    /// What they are filed under: up to 20 labels of up to 50 characters.
    #[schema(max_items = 20, nullable, required = false)]
    labels: Option<Vec<String>>,
    /// What is worth knowing, up to 4000 characters; empty: nothing.
    #[schema(max_length = 4000, nullable, required = false)]
    note: Option<String>,
}

fn parse(fields: &Fields<'_>) -> Result<ContactChange, ApiError> {
    let name = fields.text("name", TextRule::any(100)).map(|name| name.trim().to_owned());
    let labels = fields.has("labels").then(|| fields.texts_of("labels", 20, TextRule::upto(50)));
    let note = fields.text("note", TextRule::any(4000)).map(str::to_owned);
    fields.check()?;
    Ok(ContactChange { name, labels, note })
}

/// Change a contact
///
/// What you call them, and what you know of them.
#[utoipa::path(
    patch,
    path = "/v1/contacts/{id}",
    tag = "contacts",
    operation_id = "updateContact",
    params(("id" = String, Path, description = "The contact's id.")),
    request_body = ChangeBody,
    responses((status = 200, description = "Changed.", body = Answer<ContactData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
    Id(id): Id<ContactId>,
    body: Body,
) -> Result<Answer<ContactData>, ApiError> {
    let change = parse(&body.fields())?;
    let changed = state.engine.change_contact(&caller, &id, change).await?;
    let changed = changed.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::new(language, Text::new("Tersimpan.", "Saved."), changed.into()))
}
