//! `POST /v1/media`

use std::time::Duration;

use axum::{
    Extension,
    extract::{RawQuery, Request, State},
};
use cetar_engine::media::UploadError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Answer, Time},
    auth::{Authorized, Messages},
    error::{ApiError, ErrorCode, Text},
    input::Problem,
    language::Spoken,
    openapi::refusals,
    state::AppState,
    uploads::Admitted,
};

refusals!(Refusals: ValidationFailed, BodyTooLarge, InvalidJson);

/// The longest name of a file.
const NAME: usize = 255;
/// When a place may be free again, or what is being deleted is gone.
const WAIT: Duration = Duration::from_secs(5);

fn refused(error: UploadError) -> ApiError {
    match error {
        UploadError::TooLarge(most) => ApiError::new(ErrorCode::BodyTooLarge).saying(Text::new(
            format!("File terlalu besar; paling banyak {most} byte."),
            format!("The file is too large; at most {most} bytes."),
        )),
        UploadError::Cut => ApiError::new(ErrorCode::InvalidJson).saying(Text::new(
            "File kosong atau tidak tiba lengkap. Kirim isi file sebagai body, apa adanya.",
            "The file is empty or did not arrive in full. Send its bytes as the body, as they are.",
        )),
        UploadError::Stalled => ApiError::new(ErrorCode::InvalidJson).saying(Text::new(
            "Pengiriman file terhenti atau terlalu lama. Periksa koneksi Anda, lalu kirim ulang.",
            "The file stopped coming, or came too slowly. Check your connection, then send it again.",
        )),
        UploadError::BeingDeleted => {
            ApiError::new(ErrorCode::Unavailable).retry_after(WAIT).saying(Text::new(
                "File yang sama, yang dulu tidak dipakai, sedang dihapus. Kirim ulang sebentar lagi.",
                "The same file, kept before and never used, is just being deleted. Send it again shortly.",
            ))
        }
        UploadError::Disk(error) => ApiError::internal(error),
        UploadError::Store(error) => error.into(),
    }
}

fn full() -> ApiError {
    ApiError::new(ErrorCode::Overloaded).retry_after(WAIT).saying(Text::new(
        "Terlalu banyak file sedang dikirim bersamaan. Tunggu sampai ada yang selesai, lalu kirim ulang.",
        "Too many files are being sent at once. Wait until some have arrived, then send it again.",
    ))
}

/// A file that is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeptFile {
    /// For `media_url` of a send; good for seven days.
    #[schema(example = "https://pesan.contoh.com/media/med_0199c3a0b6f47c3e9d3a5b1c2d3e4f50.1709650000.x")]
    media_url: String,
    /// When the address ends.
    expires_at: Time,
    /// Its media type, by content.
    #[schema(example = "image/jpeg")]
    r#type: String,
    /// How many bytes it has.
    bytes: u64,
}

/// What it is called: the last part of what may have been a path.
fn name(query: Option<&str>) -> Result<Option<String>, ApiError> {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or("").as_bytes());
    let Some((_, text)) = pairs.find(|(name, _)| name == "filename") else { return Ok(None) };
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.trim().chars().filter(|c| !c.is_control()).collect();
    if plain.chars().count() > NAME {
        return Err(ApiError::field("filename", Problem::TooLong { max: NAME }));
    }
    Ok(Some(plain).filter(|name| !name.is_empty()))
}

/// Keep a file to send
///
/// The body is the file itself, as it is; its type is told by its content. The answer's `media_url` goes into a send. What is not sent
/// within eight days is deleted.
///
/// It must arrive within half an hour, and never be silent for 30 seconds. At most 32 at once for a workspace.
#[utoipa::path(
    post,
    path = "/v1/media",
    tag = "messages",
    operation_id = "uploadMedia",
    params(("filename" = Option<String>, Query, description = "What it is called, up to 255 characters.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "Kept.", body = Answer<KeptFile>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    Spoken(language): Spoken,
    RawQuery(query): RawQuery,
    Extension(admitted): Extension<Admitted>,
    request: Request,
) -> Result<Answer<KeptFile>, ApiError> {
    let name = name(query.as_deref())?;
    let _place = state.uploads.open(&caller.workspace.id).ok_or_else(full)?;
    admitted.give_back();
    let pieces = request.into_body().into_data_stream();
    let kept = state.engine.keep_upload(&caller, name, pieces).await.map_err(refused)?;
    let data = KeptFile {
        media_url: kept.url,
        expires_at: kept.ends.into(),
        r#type: kept.content_type,
        bytes: kept.size,
    };
    Ok(Answer::new(language, Text::new("File disimpan.", "The file is kept."), data))
}
