//! `DELETE /v1/contacts/{id}`

use axum::extract::State;
use cetar_model::ContactId;

use crate::{
    answer::{Answer, Removed},
    auth::{Authorized, WholeWorkspace},
    error::{ApiError, Text},
    input::Id,
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: NotFound, OutcomeUnknown);

/// Erase a contact
///
/// The person, every conversation with them and all that is in it, what waits to be sent to them, and what the delivery log says of
/// them. Pictures and files are not given out any more and their bytes are deleted within two hours, except what others were sent as
/// well. What they wrote in groups stays without its writer. It cannot be undone.
#[utoipa::path(
    delete,
    path = "/v1/contacts/{id}",
    tag = "contacts",
    operation_id = "eraseContact",
    params(("id" = String, Path, description = "The contact's id.")),
    responses((status = 200, description = "Erased.", body = Answer<Removed>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<WholeWorkspace>,
    Spoken(language): Spoken,
    Id(id): Id<ContactId>,
) -> Result<Answer<Removed>, ApiError> {
    let was_there = state.engine.erase_contact(&caller, &id).await?;
    let done = Text::new(
        "Kontak dan seluruh percakapannya dihapus.",
        "The contact and all conversations are erased.",
    );
    Removed::answer(was_there, language, done, &id)
}
