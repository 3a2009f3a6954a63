//! Quick-reply templates: a message with places to fill in.

use serde::{Deserialize, Serialize};

use crate::{Button, Buttons, Channel, Content, Media};

mod literal;

/// Most placeholders of one template, and so the highest number one may have.
pub const MAX_PLACEHOLDERS: u32 = 100;

/// A message with placeholders `{{1}}`, `{{2}}`, … in its texts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The text.
    pub text: String,
    /// Above the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Below the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// A picture, film or file above it all; which, the end of the address says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_url: Option<String>,
    /// None to three.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

/// Fewer variables than the template has places for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFewVariables {
    /// How many it needs.
    pub needed: u32,
    /// Which are missing, by their number, ascending.
    pub missing: Vec<u32>,
}

impl Template {
    /// The numbers of its placeholders, ascending, each once.
    pub fn placeholders(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = self.texts().flat_map(numbers).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Every text that may carry a placeholder.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let around = [self.title.as_deref(), Some(&*self.text), self.footer.as_deref()];
        let buttons = self.buttons.iter().flat_map(|button| match button {
            Button::Reply { text, .. } => [Some(&**text), None],
            Button::Url { text, url } => [Some(&**text), Some(&**url)],
            Button::Copy { text, code } => [Some(&**text), Some(&**code)],
        });
        around.into_iter().chain(buttons).flatten()
    }

    /// The message, with each place filled by the variable of its number. What a variable says is shown as it is: what looks like a
    /// placeholder in it is text, so is what WhatsApp would read as markup, and in an address it is escaped. Variables without a place
    /// are not needed.
    pub fn fill(&self, variables: &[String], channel: Channel) -> Result<Content, TooFewVariables> {
        let placeholders = self.placeholders();
        let has = |number: &u32| (*number as usize) <= variables.len();
        let missing: Vec<u32> = placeholders.iter().copied().filter(|number| !has(number)).collect();
        if !missing.is_empty() {
            return Err(TooFewVariables { needed: placeholders.last().copied().unwrap_or(0), missing });
        }
        // On buttons and in codes nothing is read as markup.
        let bare = |template: &str| fill(template, variables, |variable, into| into.push_str(variable));
        let text = |template: &str| match channel {
            Channel::Whatsapp | Channel::WhatsappOfficial => fill(template, variables, literal::append),
            Channel::Telegram | Channel::Messenger | Channel::Instagram => bare(template),
        };
        let title = self.title.as_deref().map(text);
        let footer = self.footer.as_deref().map(text);
        let body = text(&self.text);
        let buttons = self.buttons.iter().map(|button| match button {
            Button::Reply { id, text: label } => Button::Reply { id: id.clone(), text: bare(label) },
            Button::Url { text: label, url } => {
                Button::Url { text: bare(label), url: fill(url, variables, escape) }
            }
            Button::Copy { text: label, code } => Button::Copy { text: bare(label), code: bare(code) },
        });
        let buttons: Vec<Button> = buttons.collect();
        if !buttons.is_empty() {
            let media = self.media_url.as_deref().map(Media::at);
            return Ok(Content::Buttons(Buttons { title, text: body, footer, buttons, media }));
        }
        let text = [title, Some(body), footer].into_iter().flatten().collect::<Vec<_>>().join("\n\n");
        let Some(url) = &self.media_url else { return Ok(Content::Text { text }) };
        let (media, caption) = (Media::at(url), Some(text));
        Ok(match TemplateMedium::at(url) {
            TemplateMedium::Picture => Content::Image { media, caption },
            TemplateMedium::Film => Content::Video { media, caption },
            TemplateMedium::File => Content::Document { media, caption },
            TemplateMedium::Sound => Content::Audio { media, caption, voice: false },
        })
    }
}

/// What an address leads to, as far as its end says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateMedium {
    /// Whatever is none of the others.
    Picture,
    /// `.mp4`.
    Film,
    /// `.pdf` and the like.
    File,
    /// `.mp3` and the like: no network shows a text with a sound, and a template has one.
    Sound,
}

impl TemplateMedium {
    /// What this address leads to.
    pub fn at(url: &str) -> Self {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("mp4") => Self::Film,
            Some(
                "pdf" | "doc" | "docx" | "xls" | "xlsx" | "ppt" | "pptx" | "odt" | "ods" | "odp" | "rtf"
                | "txt" | "csv" | "zip" | "epub",
            ) => Self::File,
            Some("mp3" | "ogg" | "oga" | "opus" | "m4a" | "aac" | "amr" | "wav") => Self::Sound,
            _ => Self::Picture,
        }
    }
}

/// One piece of a template's text.
enum Piece<'t> {
    Text(&'t str),
    Place(u32),
}

/// `{{1}}`, with blanks inside or not; `{{0}}`, `{{nama}}` and what is too high are text.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut from) = (template, 0);
    while let Some(open) = rest[from..].find("{{").map(|at| at + from) {
        let inside = &rest[open + 2..];
        let number = inside.find("}}").and_then(|close| {
            let digits = inside[..close].trim();
            let number = digits.parse().ok().filter(|number| (1..=MAX_PLACEHOLDERS).contains(number))?;
            digits.bytes().all(|b| b.is_ascii_digit()).then_some((number, open + 2 + close + 2))
        });
        match number {
            Some((number, end)) => {
                pieces.push(Piece::Text(&rest[..open]));
                pieces.push(Piece::Place(number));
                rest = &rest[end..];
                from = 0;
            }
            // One brace further: `{{{1}}` has its place after the first.
            None => from = open + 1,
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn numbers(template: &str) -> Vec<u32> {
    let number = |piece| match piece {
        Piece::Place(number) => Some(number),
        Piece::Text(_) => None,
    };
    pieces(template).into_iter().filter_map(number).collect()
}

/// In one pass, so that what a variable brings in is never looked at again.
fn fill(template: &str, variables: &[String], put: impl Fn(&str, &mut String)) -> String {
    let mut filled = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Place(number) => {
                let variable = (number as usize).checked_sub(1).and_then(|at| variables.get(at));
                put(variable.map_or("", String::as_str), &mut filled);
            }
        }
    }
    filled
}

/// Percent-encoded but for RFC 3986's unreserved characters: it can become a part of an address, and not another address.
fn escape(variable: &str, into: &mut String) {
    use std::fmt::Write;
    for byte in variable.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            let _infallible = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(text: &str) -> Template {
        Template { text: text.into(), title: None, footer: None, media_url: None, buttons: Vec::new() }
    }

    fn filled(text: &str, variables: &[&str]) -> String {
        let variables: Vec<String> = variables.iter().map(|variable| (*variable).to_owned()).collect();
        template(text).fill(&variables, Channel::Telegram).unwrap().text().unwrap().to_owned()
    }

    #[test]
    fn places_are_filled_by_number() {
        for (text, variables, expected) in [
            ("Halo {{1}}, tagihan {{2}}.", &["Budi", "Rp 500.000"][..], "Halo Budi, tagihan Rp 500.000."),
            ("{{2}} {{1}} {{2}}", &["a", "b"], "b a b"),
            ("{{ 1 }}", &["a"], "a"),
            ("{{{1}}}", &["a"], "{a}"),
            ("{{1}}", &["a", "b"], "a"),
            ("tanpa", &[], "tanpa"),
            ("{{0}} {{x}} {{-1}} {{101}} {{ {{1", &[], "{{0}} {{x}} {{-1}} {{101}} {{ {{1"),
            ("{{ {{1}}", &["é"], "{{ é"),
        ] {
            assert_eq!(filled(text, variables), expected, "{text}");
        }
    }

    #[test]
    fn what_a_variable_brings_in_is_never_a_place() {
        assert_eq!(filled("{{1}} {{2}}", &["{{2}}", "x"]), "{{2}} x");
        assert_eq!(filled("{{1}}1{{2}}", &["{{", "}}"]), "{{1}}");
    }

    #[test]
    fn what_a_variable_says_is_not_markup_where_there_is_markup() {
        let buttons = vec![Button::Copy { text: "{{1}}".into(), code: "{{1}}".into() }];
        let whole = Template { title: Some("{{1}}".into()), buttons, ..template("*{{1}}*") };
        for (channel, title, text) in [
            (
                Channel::Whatsapp,
                "\u{2060}*\u{2060}x\u{2060}*\u{2060}",
                "*\u{2060}*\u{2060}x\u{2060}*\u{2060}*",
            ),
            (Channel::Telegram, "*x*", "**x**"),
        ] {
            let Content::Buttons(filled) = whole.fill(&["*x*".into()], channel).unwrap() else {
                panic!("buttons")
            };
            assert_eq!((filled.title.as_deref(), filled.text.as_str()), (Some(title), text));
            assert!(filled.buttons == [Button::Copy { text: "*x*".into(), code: "*x*".into() }]);
        }
    }

    #[test]
    fn too_few_variables_are_named() {
        let missing = template("{{1}} {{3}} {{5}}").fill(&["a".into()], Channel::Whatsapp).map(drop);
        assert_eq!(missing, Err(TooFewVariables { needed: 5, missing: vec![3, 5] }));
    }

    #[test]
    fn buttons_and_media_come_along_and_are_filled() {
        let url = Some("https://contoh.com/a.jpg".to_owned());
        let buttons = vec![
            Button::Url { text: "Lihat {{1}}".into(), url: "https://contoh.com/o?n={{1}}".into() },
            Button::Copy { text: "Salin".into(), code: "{{2}}".into() },
        ];
        let whole = Template {
            title: Some("Hai {{1}}".into()),
            buttons,
            media_url: url.clone(),
            ..template("Kode {{2}}")
        };
        let Content::Buttons(filled) =
            whole.fill(&["a&b/é".into(), "P50".into()], Channel::Whatsapp).unwrap()
        else {
            panic!("buttons")
        };
        assert_eq!((filled.title.as_deref(), filled.text.as_str()), (Some("Hai a&b/é"), "Kode P50"));
        assert!(filled.media.is_some_and(|media| media.url() == url.as_deref()));
        assert!(
            filled.buttons
                == [
                    Button::Url {
                        text: "Lihat a&b/é".into(),
                        url: "https://contoh.com/o?n=a%26b%2F%C3%A9".into()
                    },
                    Button::Copy { text: "Salin".into(), code: "P50".into() },
                ]
        );
    }

    #[test]
    fn the_end_of_an_address_says_what_it_leads_to() {
        for (url, kind) in [
            ("https://contoh.com/a.jpg", "image"),
            ("https://contoh.com/a", "image"),
            ("https://contoh.com/A.MP4?x=.pdf", "video"),
            ("https://contoh.com/harga.pdf#1", "document"),
        ] {
            let template =
                Template { media_url: Some(url.into()), footer: Some("f".into()), ..template("t") };
            let content = template.fill(&[], Channel::Whatsapp).unwrap();
            assert_eq!((content.kind().as_str(), content.caption()), (kind, Some("t\n\nf")), "{url}");
        }
    }

    proptest! {
        #[test]
        fn without_variables_a_text_without_places_stays_as_it_is(text in "[{}0-9a ]{0,24}") {
            if template(&text).placeholders().is_empty() {
                prop_assert_eq!(filled(&text, &[]), text);
            }
        }

        #[test]
        fn as_many_variables_as_needed_always_fill_it(text in "[{}0-9a ]{0,24}") {
            let variables = vec!["x".to_owned(); MAX_PLACEHOLDERS as usize];
            prop_assert!(template(&text).fill(&variables, Channel::Whatsapp).is_ok());
        }
    }
}
