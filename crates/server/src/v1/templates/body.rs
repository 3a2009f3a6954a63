//! A template, from its fields.

use cetar_model::{MAX_PLACEHOLDERS, Template, TemplateMedium};
use url::Url;
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    input::{Fields, Problem, TextRule},
    v1::messages::{
        content::{ButtonRules, button_list},
        create::SendButton,
    },
};

/// The highest id that may be asked for: the next one follows it, and must be a number still.
const MAX_ID: u64 = 1_000_000_000;
/// The longest name.
const NAME: usize = 255;
/// No network takes more; what a channel takes is known when it is sent.
const TEXT: TextRule = TextRule::upto(65_536);

/// A template.
#[derive(ToSchema)]
#[schema(as = NewTemplate, example = json!({
    "name": "Tagihan", "text": "Halo {{1}}, tagihan Anda {{2}}.", "footer": "Toko Budi",
    "buttons": [{"id": "BAYAR", "text": "Sudah bayar"}],
}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct TemplateBody {
    /// The `template_id` it gets, if it is to have a certain one. Left out: the next. It cannot be changed.
    #[schema(nullable, required = false, minimum = 1, maximum = 1_000_000_000, example = 123)]
    id: Option<u64>,
    /// What you call it.
    #[schema(max_length = 255, example = "Tagihan")]
    name: String,
    /// The text, with `{{1}}`, `{{2}}`, … where variables go.
    #[schema(example = "Halo {{1}}, tagihan Anda {{2}}.")]
    text: String,
    /// Above the text.
    #[schema(nullable, required = false)]
    title: Option<String>,
    /// Below the text.
    #[schema(nullable, required = false)]
    footer: Option<String>,
    /// A picture, film or file above it all. What it is, the end of the address says: `.mp4` a film; `.pdf` and the like a file;
    /// anything else a picture. With buttons it must be a picture; a sound cannot be. Not an address of `POST /v1/media`, which ends.
    #[schema(nullable, required = false, max_length = 2048, example = json!(null))]
    media_url: Option<String>,
    /// Up to three; their texts, addresses and codes may carry placeholders too.
    #[schema(nullable, required = false, max_items = 3)]
    buttons: Option<Vec<SendButton>>,
}

/// What was read.
pub(crate) struct Parsed {
    pub(super) id: Option<i64>,
    pub(super) name: String,
    pub(super) template: Template,
}

/// Reads one.
pub(crate) fn parse(fields: &Fields<'_>) -> Result<Parsed, ApiError> {
    let id = fields.integer("id", 1..=MAX_ID).and_then(|id| i64::try_from(id).ok());
    fields.require("name");
    let name = fields.text("name", TextRule::upto(NAME)).map(|name| name.trim().to_owned());
    fields.require("text");
    let optional = |name| fields.text(name, TEXT).map(str::to_owned);
    let (text, title, footer) = (optional("text"), optional("title"), optional("footer"));
    let media_url = fields.http_url("media_url", 2048).map(str::to_owned);
    let rules = ButtonRules { text: no_stray_place, address: url_with_places };
    let buttons = if fields.has("buttons") { button_list(fields, true, rules) } else { Some(Vec::new()) };
    if let Some(medium) = media_url.as_deref().map(TemplateMedium::at)
        && (medium == TemplateMedium::Sound
            || medium != TemplateMedium::Picture && buttons.as_ref().is_some_and(|all| !all.is_empty()))
    {
        fields.refuse("media_url", Problem::TemplateMedium);
    }
    for (name, text) in [("text", &text), ("title", &title), ("footer", &footer)] {
        if let Some(Err(problem)) = text.as_deref().map(no_stray_place) {
            fields.refuse(name, problem);
        }
    }
    fields.check()?;
    let (Some(name), Some(text), Some(buttons)) = (name, text, buttons) else {
        return Err(ApiError::internal("a required field is missing and was not refused"));
    };
    Ok(Parsed { id, name, template: Template { text, title, footer, media_url, buttons } })
}

fn no_stray_place(text: &str) -> Result<(), Problem> {
    if has_stray_place(text) { Err(Problem::Placeholder) } else { Ok(()) }
}

/// `{{nama}}` and `{{0}}` look like placeholders and would be sent as they are: whoever wrote them meant something else.
fn has_stray_place(text: &str) -> bool {
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let after = &rest[open + 2..];
        let Some(close) = after.find("}}") else { return false };
        let inside = after[..close].trim_start_matches('{').trim();
        let number = inside.parse::<u32>().is_ok_and(|number| (1..=MAX_PLACEHOLDERS).contains(&number));
        if !number {
            return true;
        }
        rest = &after[close + 2..];
    }
    false
}

/// An address that is one whatever its places are filled with: they stand behind the site's name, where a filled one cannot
/// lead elsewhere.
fn url_with_places(text: &str) -> Result<(), Problem> {
    no_stray_place(text)?;
    let fixed = text.split("{{").next().unwrap_or(text);
    let site = Url::parse(fixed).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
    });
    match site {
        None => Err(if text.starts_with("{{") { Problem::Placeholder } else { Problem::NotHttpUrl }),
        // `https://contoh{{1}}`: the place is still within the name.
        Some(_) if fixed.len() < text.len() && !behind_the_name(fixed) => Err(Problem::Placeholder),
        Some(_) => Ok(()),
    }
}

fn behind_the_name(fixed: &str) -> bool {
    fixed.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_placeholder_and_is_none_is_refused() {
        for (text, stray) in [
            ("Halo {{1}} {{ 2 }}", false),
            ("{{{1}}}", false),
            ("tanpa { dan }", false),
            ("{{1", false),
            ("{{nama}}", true),
            ("{{0}}", true),
            ("{{101}}", true),
            ("{{1}} {{}}", true),
        ] {
            assert_eq!(has_stray_place(text), stray, "{text}");
        }
    }

    #[test]
    fn a_place_in_an_address_cannot_lead_elsewhere() {
        for (url, expected) in [
            ("https://contoh.com", Ok(())),
            ("https://contoh.com/o/{{1}}?x={{2}}", Ok(())),
            ("https://contoh.com?x={{1}}", Ok(())),
            ("https://contoh{{1}}/", Err(Problem::Placeholder)),
            ("https://{{1}}/", Err(Problem::NotHttpUrl)),
            ("{{1}}", Err(Problem::Placeholder)),
            ("javascript:{{1}}", Err(Problem::NotHttpUrl)),
            ("https://contoh.com/{{x}}", Err(Problem::Placeholder)),
        ] {
            assert_eq!(url_with_places(url), expected, "{url}");
        }
    }
}
