//! `POST /v1/session/totp/confirm`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::refused;
use crate::{
    answer::Answer,
    auth::SignedIn,
    error::{ApiError, Text},
    input::{Body, Fields, TextRule},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, WrongCredentials, TotpRequired, SignInLimited);

/// A first code.
#[derive(ToSchema)]
#[schema(as = ConfirmTotp, example = json!({"code": "287082"}))]
#[expect(dead_code, reason = "read by hand")]
pub(crate) struct ConfirmBody {
    /// The six digits that the app shows.
    #[schema(min_length = 1, max_length = 40, pattern = "\\S")]
    code: String,
}

/// What helps when the phone is gone, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each is good for one sign-in.
    #[schema(example = json!(["abcde-fghij"]))]
    recovery_codes: Vec<String>,
}

fn parse(fields: &Fields<'_>) -> Result<String, ApiError> {
    fields.require("code");
    let code = fields.text("code", TextRule::upto(40)).map(str::to_owned);
    fields.check()?;
    Ok(code.unwrap_or_default())
}

/// Switch the second factor on
///
/// From now on signing in takes a code. The recovery codes are in this answer only.
#[utoipa::path(
    post,
    path = "/v1/session/totp/confirm",
    tag = "session",
    operation_id = "confirmTotp",
    request_body = ConfirmBody,
    responses((status = 200, description = "Switched on.", body = Answer<RecoveryCodes>), Refusals),
    security(("session" = [])),
)]
pub(crate) async fn confirm_totp(
    State(state): State<AppState>,
    SignedIn { session }: SignedIn,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<RecoveryCodes>, ApiError> {
    let code = parse(&body.fields())?;
    let recovery_codes = state.engine.confirm_totp(&session, &code).await.map_err(refused)?;
    let text = Text::new(
        "Kode dua langkah aktif. Simpan kode pemulihan ini; tidak ditampilkan lagi.",
        "The second factor is on. Keep these recovery codes; they are not shown again.",
    );
    Ok(Answer::new(language, text, RecoveryCodes { recovery_codes }))
}
