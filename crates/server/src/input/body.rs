//! The body of a request: one JSON object.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use cetar_store::SentRequest;
use serde_json::{Map, Value, value::RawValue};
use sha2::{Digest, Sha256};

use crate::{
    error::{ApiError, ErrorCode, Text},
    input::Fields,
    state::AppState,
};

/// A sender that stalls gives its place to others.
const ARRIVAL: Duration = Duration::from_secs(30);

/// The fields sent. Whatever the `Content-Type` says, the bytes decide: many clients send JSON under curl's default of a form.
#[derive(Debug)]
pub(crate) struct Body {
    map: Map<String, Value>,
    /// As it came.
    bytes: Bytes,
}

impl Body {
    /// To read them.
    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields::of(&self.map)
    }

    /// A member's JSON text exactly as it was written: numbers, order, escapes and blanks included.
    pub(crate) fn raw(&self, name: &str) -> Option<String> {
        let members: HashMap<String, &RawValue> = serde_json::from_slice(&self.bytes).ok()?;
        members.get(name).map(|raw| raw.get().to_owned())
    }

    /// The request as it came, to be kept with its message.
    pub(crate) fn as_sent(&self, path: &str) -> SentRequest {
        // JSON that was read is UTF-8.
        SentRequest::of(path, &String::from_utf8_lossy(&self.bytes))
    }

    /// The same again, as JSON.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.map).unwrap_or_default()
    }

    /// SHA-256 of what was said, however it was written: the order of fields, white space and `null` for "absent" do not matter.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        digest_object(&mut hash, &self.map);
        hash.finalize().into()
    }

    pub(crate) fn parse(bytes: &[u8], headers: &HeaderMap) -> Result<Self, ApiError> {
        // Windows editors put a byte order mark before JSON; RFC 8259 §8.1 lets us pass over it.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let refused = |text: Text| ApiError::new(ErrorCode::InvalidJson).saying(text);
        if bytes.trim_ascii().is_empty() {
            return Err(refused(Text::new(
                "Body request kosong. Kirim satu objek JSON.",
                "The request body is empty. Send one JSON object.",
            )));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(Self { map, bytes: Bytes::copy_from_slice(bytes) }),
            _ if is_form(headers) => Err(refused(Text::new(
                "Body berupa form, bukan JSON. Kirim satu objek JSON dengan Content-Type: application/json.",
                "The body is a form, not JSON. Send one JSON object with Content-Type: application/json.",
            ))),
            Ok(_) => Err(refused(Text::new(
                "Payload JSON harus berupa satu objek { … }.",
                "The JSON payload must be one object { … }.",
            ))),
            Err(error) => Err(invalid_json(&error)),
        }
    }
}

/// What is wrong with this JSON, and where.
pub(crate) fn invalid_json(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    let position =
        (format!(" Lihat baris {line}, kolom {column}."), format!(" See line {line}, column {column}."));
    // The library has no better way to tell.
    let (indonesian, english) = if error.to_string().starts_with("recursion limit exceeded") {
        ("Payload JSON bersarang terlalu dalam.", "The JSON payload is nested too deep.")
    } else if error.is_eof() {
        ("Payload JSON terpotong.", "The JSON payload is cut off.")
    } else {
        ("Payload JSON tidak valid.", "The payload is not valid JSON.")
    };
    let text = Text::new(indonesian.to_owned() + &position.0, english.to_owned() + &position.1);
    ApiError::new(ErrorCode::InvalidJson).saying(text)
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    matches!(essence.as_str(), "application/x-www-form-urlencoded" | "multipart/form-data")
}

impl FromRequest<AppState> for Body {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let limit = state.options.body_limit;
        let declared = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if declared.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let bytes = match tokio::time::timeout(ARRIVAL, to_bytes(body, limit)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) if is_limit(&error) => return Err(too_large(limit)),
            Ok(Err(_)) | Err(_) => return Err(incomplete()),
        };
        Self::parse(&bytes, &parts.headers)
    }
}

fn is_limit(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorCode::BodyTooLarge).saying(Text::new(
        format!("Body request terlalu besar; paling banyak {limit} byte."),
        format!("The request body is too large; at most {limit} bytes."),
    ))
}

fn incomplete() -> ApiError {
    ApiError::new(ErrorCode::InvalidJson).saying(Text::new(
        "Body request tidak tiba lengkap. Kirim ulang.",
        "The request body did not arrive in full. Send it again.",
    ))
}

fn digest(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(map) => digest_object(hash, map),
        Value::Array(entries) => {
            hash.update([b'[']);
            hash.update(entries.len().to_be_bytes());
            for entry in entries {
                digest(hash, entry);
            }
        }
        Value::String(text) => digest_text(hash, text),
        Value::Null => hash.update([b'n']),
        Value::Bool(yes) => hash.update([b'b', u8::from(*yes)]),
        Value::Number(number) => {
            hash.update([b'#']);
            digest_text(hash, &number.to_string());
        }
    }
}

fn digest_object(hash: &mut Sha256, map: &Map<String, Value>) {
    let mut entries: Vec<_> = map.iter().filter(|(_, value)| !value.is_null()).collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    hash.update([b'{']);
    hash.update(entries.len().to_be_bytes());
    for (name, value) in entries {
        digest_text(hash, name);
        digest(hash, value);
    }
}

fn digest_text(hash: &mut Sha256, text: &str) {
    hash.update([b'"']);
    hash.update(text.len().to_be_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use cetar_model::Language;

    use super::*;

    fn parse(text: &[u8]) -> Result<Body, String> {
        Body::parse(text, &HeaderMap::new()).map_err(|error| {
            let body = error.write(&mut HeaderMap::new(), Language::Indonesian, "");
            serde_json::from_slice::<Value>(&body).unwrap()["message"].as_str().unwrap().to_owned()
        })
    }

    #[test]
    fn what_is_not_one_json_object_is_refused_with_its_place() {
        let deep = "[".repeat(200);
        for (body, expected) in [
            (&b""[..], "Body request kosong. Kirim satu objek JSON."),
            (b" \n", "Body request kosong. Kirim satu objek JSON."),
            (b"halo", "Payload JSON tidak valid. Lihat baris 1, kolom 1."),
            (b"{\n\"to\": 628,,}", "Payload JSON tidak valid. Lihat baris 2, kolom 11."),
            (b"{\"to\":\"62", "Payload JSON terpotong. Lihat baris 1, kolom 9."),
            (b"{\"to\":\"\xff\xfe\"}", "Payload JSON tidak valid. Lihat baris 1, kolom 8."),
            (b"{} {}", "Payload JSON tidak valid. Lihat baris 1, kolom 4."),
            (b"[]", "Payload JSON harus berupa satu objek { … }."),
            (b"\"x\"", "Payload JSON harus berupa satu objek { … }."),
            (deep.as_bytes(), "Payload JSON bersarang terlalu dalam. Lihat baris 1, kolom 128."),
        ] {
            assert_eq!(parse(body).unwrap_err(), expected, "{}", String::from_utf8_lossy(body));
        }
        assert!(parse(b"\xef\xbb\xbf{\"to\":1}").is_ok());
    }

    #[test]
    fn a_body_means_the_same_however_it_is_written() {
        let fingerprint = |text: &str| parse(text.as_bytes()).unwrap().fingerprint();
        let one = fingerprint(r#"{"to":"1","content":{"text":"a","x":[1,2]}}"#);
        for same in [
            r#"{ "content": {"x":[1, 2],"text":"\u0061"}, "to":"1" }"#,
            r#"{"to":"1","session_id":null,"content":{"text":"a","x":[1,2],"y":null}}"#,
            r#"{"to":"9","to":"1","content":{"text":"a","x":[1,2]}}"#,
        ] {
            assert_eq!(fingerprint(same), one, "{same}");
        }
        for other in [
            r#"{"to":"1","content":{"text":"a","x":[2,1]}}"#,
            r#"{"to":"1","content":{"text":"b","x":[1,2]}}"#,
            r#"{"to":1,"content":{"text":"a","x":[1,2]}}"#,
            r#"{"to":"1","content":{"text":"a","x":["1",2]}}"#,
            r#"{"to":"1","content":{"text":"a"},"x":[1,2]}"#,
        ] {
            assert_ne!(fingerprint(other), one, "{other}");
        }
    }
}
