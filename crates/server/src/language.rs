//! Which language to answer in: `Accept-Language` by RFC 9110 §12.5.4, Indonesian unless it prefers English.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::HeaderMap, http::header::ACCEPT_LANGUAGE, http::request::Parts};
use cetar_model::Language;

use crate::context::Context;

/// The language the request asks for.
pub(crate) fn preferred(headers: &HeaderMap) -> Language {
    let ranges: Vec<(&str, u16)> = headers
        .get_all(ACCEPT_LANGUAGE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(range)
        .collect();
    // The most specific range decides about a language: `*;q=0.1, en;q=0` does not mean English.
    let quality = |primary: &[&str]| {
        let named = ranges.iter().filter(|(tag, _)| is_of(tag, primary)).map(|(_, q)| *q).max();
        named.or_else(|| ranges.iter().find(|(tag, _)| *tag == "*").map(|(_, q)| *q)).unwrap_or(0)
    };
    let first =
        |primary: &[&str]| ranges.iter().position(|(tag, _)| is_of(tag, primary)).unwrap_or(usize::MAX);
    // `in` is the tag Indonesian had before 1989; old Java still sends it.
    let (indonesian, english): (&[&str], &[&str]) = (&["id", "in"], &["en"]);
    match quality(english).cmp(&quality(indonesian)) {
        std::cmp::Ordering::Greater => Language::English,
        std::cmp::Ordering::Equal if quality(english) > 0 && first(english) < first(indonesian) => {
            Language::English
        }
        std::cmp::Ordering::Equal | std::cmp::Ordering::Less => Language::Indonesian,
    }
}

/// `en-GB;q=0.8` as its tag and its quality in thousandths; `None` where it is not well formed.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next().filter(|tag| !tag.is_empty())?;
    let Some(weight) = parts.next() else { return Some((tag, 1000)) };
    let (name, value) = weight.split_once('=')?;
    let (whole, decimals) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if !name.trim().eq_ignore_ascii_case("q")
        || decimals.len() > 3
        || !decimals.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let thousandths = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", q) => Some((tag, q)),
        ("1", 0) => Some((tag, 1000)),
        _ => None,
    }
}

fn is_of(tag: &str, primary: &[&str]) -> bool {
    let subtag = tag.split('-').next().unwrap_or(tag);
    primary.iter().any(|language| subtag.eq_ignore_ascii_case(language))
}

/// The answer's language, for handlers.
pub(crate) struct Spoken(pub(crate) Language);

impl<S: Sync> FromRequestParts<S> for Spoken {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Context>().map_or(Language::Indonesian, Context::language)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_spoken_only_to_those_who_prefer_it() {
        for (header, expected) in [
            ("", Language::Indonesian),
            ("en", Language::English),
            ("EN-us", Language::English),
            ("id", Language::Indonesian),
            ("id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7", Language::Indonesian),
            ("en-US,en;q=0.9,id;q=0.8", Language::English),
            ("en;q=0.3, id;q=0.7", Language::Indonesian),
            ("en;q=0.5, id;q=0.5", Language::English),
            ("in, en;q=0.9", Language::Indonesian),
            ("fr, de;q=0.9", Language::Indonesian),
            ("fr, en;q=0.1", Language::English),
            ("*", Language::Indonesian),
            ("*;q=0.5, id;q=0", Language::English),
            ("en;q=0", Language::Indonesian),
            ("en;q=2, en;q=x, ;q=1, en;level=1", Language::Indonesian),
            ("english", Language::Indonesian),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(preferred(&headers), expected, "{header}");
        }
    }
}
