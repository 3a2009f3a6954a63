//! `POST /v1/session/totp`

use std::fmt::Write as _;

use axum::extract::State;
use qrcode::{Color, QrCode};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::refused;
use crate::{
    answer::Answer,
    auth::SignedIn,
    error::{ApiError, Text},
    language::Spoken,
    openapi::refusals,
    state::AppState,
};

refusals!(Refusals: TotpOn);

/// A second factor to be confirmed, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct BegunTotp {
    /// The secret, to be typed into an app.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as an address that apps open.
    #[schema(
        example = "otpauth://totp/Cetar:budi%40contoh.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Cetar"
    )]
    url: String,
    /// The same as a picture to scan: an SVG document.
    qr_svg: String,
}

/// Begin a second factor
///
/// It counts once `POST /v1/session/totp/confirm` was given a code of it. Beginning anew replaces one that was not
/// confirmed; one that is on must be switched off first.
#[utoipa::path(
    post,
    path = "/v1/session/totp",
    tag = "session",
    operation_id = "beginTotp",
    responses((status = 200, description = "Begun.", body = Answer<BegunTotp>), Refusals),
    security(("session" = [])),
)]
pub(crate) async fn begin_totp(
    State(state): State<AppState>,
    SignedIn { session }: SignedIn,
    Spoken(language): Spoken,
) -> Result<Answer<BegunTotp>, ApiError> {
    let begun = state.engine.begin_totp(&session).await.map_err(refused)?;
    let url = begun.url.expose_secret().to_owned();
    let qr_svg = svg(&url).map_err(ApiError::internal)?;
    let text = Text::new(
        "Pindai dengan aplikasi autentikator, lalu kirim kodenya untuk mengaktifkan.",
        "Scan it with an authenticator app, then send its code to switch it on.",
    );
    Ok(Answer::new(
        language,
        text,
        BegunTotp { secret: begun.secret.expose_secret().to_owned(), url, qr_svg },
    ))
}

/// One square a module, four modules of quiet around, as the standard wants.
fn svg(text: &str) -> Result<String, qrcode::types::QrError> {
    const QUIET: usize = 4;
    let code = QrCode::new(text)?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // A `String` takes everything.
            let _infallible = write!(path, "M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
        }
    }
    let size = width + 2 * QUIET;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}
