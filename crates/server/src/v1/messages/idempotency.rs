//! The `Idempotency-Key` header.

use axum::http::{HeaderMap, HeaderValue};
use cetar_engine::accept::{IDEMPOTENCY_KEPT, IdempotencyKey};

use crate::input::{Body, Fields, Problem};

/// As answers and documentation name it.
pub(crate) const HEADER: &str = "Idempotency-Key";

/// The key of a request to `path`; what is wrong with it is noted.
pub(in crate::v1) fn key(
    headers: &HeaderMap,
    body: &Body,
    fields: &Fields<'_>,
    path: &'static str,
) -> Option<IdempotencyKey> {
    let key = read(headers).unwrap_or_else(|problem| {
        fields.refuse(HEADER, problem);
        None
    });
    key.map(|key| IdempotencyKey { key, path, fingerprint: body.fingerprint(), kept: IDEMPOTENCY_KEPT })
}

/// Its value, if it is there: a structured-field string (`"…"`, RFC 8941 §3.3.3) or the same bare, 1 to 255 printable characters.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = if values.next().is_none() { parse(value) } else { None };
    key.map(Some).ok_or(Problem::IdempotencyKey)
}

fn parse(value: &HeaderValue) -> Option<String> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?.trim_matches([' ', '\t']);
    let key = match text.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => text.to_owned(),
    };
    let printable = key.bytes().all(|b| (0x20..=0x7e).contains(&b));
    (printable && (1..=255).contains(&key.len())).then_some(key)
}

/// The rest of a quoted string after its opening quote.
fn unquote(quoted: &str) -> Option<String> {
    let mut key = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(key),
            '\\' => match chars.next()? {
                escaped @ ('"' | '\\') => key.push(escaped),
                _ => return None,
            },
            plain => key.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: &[u8]) -> Option<String> {
        parse(&HeaderValue::from_bytes(bytes).unwrap())
    }

    #[test]
    fn a_key_may_be_quoted_or_bare() {
        for (header, expected) in [
            (r#""8e03978e-40d5""#, Some("8e03978e-40d5")),
            ("8e03978e-40d5", Some("8e03978e-40d5")),
            (r#""a \"b\" \\ c""#, Some(r#"a "b" \ c"#)),
            ("order 17", Some("order 17")),
            ("", None),
            (r#""""#, None),
            (r#""open"#, None),
            (r#""a"b"#, None),
            (r#""a\n""#, None),
        ] {
            assert_eq!(key(header.as_bytes()).as_deref(), expected, "{header}");
        }
        assert_eq!(key("kunci-é".as_bytes()), None);
        assert_eq!(key(b"\xff"), None);
        assert_eq!(key(&[b'x'; 255]).map(|key| key.len()), Some(255));
        assert_eq!(key(&[b'x'; 256]), None);
    }
}
