//! `GET /media/…`: what came in with a message, for whoever has its address.
//!
//! The bytes are a stranger's. So they are never shown as a page of ours: `nosniff`, a policy under which nothing in them runs,
//! and everything but pictures, films and sounds is an attachment.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use cetar_engine::media::{BadLink, MediaAnswer, MediaFile};

use crate::{
    error::{ApiError, ErrorCode, PART, UNCHANGED},
    openapi::Failures,
    state::AppState,
};

/// What this answers when it does not give anything out.
struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
        let own = [
            ErrorCode::MediaLinkInvalid,
            ErrorCode::MediaLinkExpired,
            ErrorCode::MediaLost,
            ErrorCode::MediaNotReady,
        ];
        let of_it = |(status, _): &(String, _)| matches!(status.as_str(), "404" | "503");
        Failures::responses(&own).into_iter().filter(of_it).collect()
    }
}

/// Read a medium
///
/// The address is a webhook's `media_url`: signed, and good for seven days; it needs no key. A medium that is still being read from its
/// network is waited for, for up to 20 seconds. `Range` and `If-None-Match` are honoured.
#[utoipa::path(
    get,
    path = "/media/{link}",
    tag = "messages",
    operation_id = "getMedia",
    params(("link" = String, Path, description = "As it stands in `media_url`.")),
    responses(
        (status = 200, description = "The bytes.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part asked for.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "Those that you have are current."),
        Refusals,
    ),
)]
pub(crate) async fn media(
    State(state): State<AppState>,
    Path(link): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = state.engine.read_media_link(&link).map_err(|why| {
        ApiError::new(match why {
            BadLink::Forged => ErrorCode::MediaLinkInvalid,
            BadLink::Ended => ErrorCode::MediaLinkExpired,
        })
    })?;
    let file = match state.engine.find_media(&id).await? {
        MediaAnswer::Here(file) => file,
        MediaAnswer::NotYet => return Err(ApiError::new(ErrorCode::MediaNotReady)),
        MediaAnswer::Lost | MediaAnswer::None => return Err(ApiError::new(ErrorCode::MediaLost)),
    };
    let tag = format!("\"{}\"", file.tag());
    let has_it = headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    if has_it {
        return Ok((UNCHANGED, [(header::ETAG, tag)]).into_response());
    }
    let part = part(&headers, &tag, file.size);
    let bytes = state.engine.read_media(&file, part.clone()).await.map_err(ApiError::internal)?;
    let bytes = bytes.ok_or_else(|| ApiError::new(ErrorCode::MediaLost))?;
    let mut response = Body::from_stream(bytes).into_response();
    let length = part.as_ref().map_or(file.size, |part| part.end - part.start);
    if let Some(part) = part {
        *response.status_mut() = PART;
        let range = format!("bytes {}-{}/{}", part.start, part.end - 1, file.size);
        set(response.headers_mut(), header::CONTENT_RANGE, &range);
    }
    let answered = response.headers_mut();
    set(answered, header::CONTENT_LENGTH, &length.to_string());
    set(answered, header::CONTENT_TYPE, &shown_type(&file));
    set(answered, header::CONTENT_DISPOSITION, &disposition(&file));
    set(answered, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    set(answered, header::CACHE_CONTROL, "private, max-age=3600");
    set(answered, header::ACCEPT_RANGES, "bytes");
    set(answered, header::ETAG, &tag);
    Ok(response)
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The part asked for, from its first byte to before its last, where it is one, and of these bytes. Anything else is answered by the
/// whole, as RFC 9110 §14.2 has it.
fn part(headers: &HeaderMap, tag: &str, size: u64) -> Option<std::ops::Range<u64>> {
    let wanted = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let of_others = headers.get(header::IF_RANGE).is_some_and(|given| given.as_bytes() != tag.as_bytes());
    if of_others {
        return None;
    }
    let (first, last) = wanted.trim().split_once('-')?;
    let range = match (first, last) {
        ("", last) => size.saturating_sub(last.parse().ok()?)..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) => first.parse().ok()?..last.parse::<u64>().ok()?.saturating_add(1).min(size),
    };
    (range.start < range.end).then_some(range)
}

/// A page is never called one: it would run with our address in its bar.
fn shown_type(file: &MediaFile) -> String {
    match file.content_type.as_str() {
        "text/html" | "application/xhtml+xml" | "image/svg+xml" | "text/xml" | "application/xml" => {
            "text/plain; charset=utf-8".to_owned()
        }
        "text/plain" | "text/csv" => format!("{}; charset=utf-8", file.content_type),
        other => other.to_owned(),
    }
}

/// The name to save it under, in both forms of RFC 6266.
fn disposition(file: &MediaFile) -> String {
    use std::fmt::Write;
    let shown = ["image/", "video/", "audio/"].iter().any(|kind| file.content_type.starts_with(kind))
        && file.content_type != "image/svg+xml";
    let plain: String = file
        .file_name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " ._-()".contains(c) { c } else { '_' })
        .collect();
    let encoded = file.file_name.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
        text
    });
    let how = if shown { "inline" } else { "attachment" };
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_given_where_it_is_one_of_these_bytes() {
        let of = |range: &str, if_range: Option<&str>| {
            let mut headers = HeaderMap::new();
            set(&mut headers, header::RANGE, range);
            if let Some(tag) = if_range {
                set(&mut headers, header::IF_RANGE, tag);
            }
            part(&headers, "\"a\"", 10)
        };
        for (range, expected) in [
            ("bytes=0-3", Some(0..4)),
            ("bytes=4-", Some(4..10)),
            ("bytes=-3", Some(7..10)),
            ("bytes=-99", Some(0..10)),
            ("bytes=8-99", Some(8..10)),
            ("bytes=0-18446744073709551615", Some(0..10)),
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("bytes=-0", None),
            ("bytes=-", None),
            ("bytes=0-1,3-4", None),
            ("items=0-1", None),
        ] {
            assert_eq!(of(range, None), expected, "{range}");
        }
        assert_eq!(of("bytes=0-3", Some("\"a\"")), Some(0..4));
        assert_eq!(of("bytes=0-3", Some("\"b\"")), None, "a part of other bytes would not fit");
    }
}
