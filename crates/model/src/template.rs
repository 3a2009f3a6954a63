//! Quick-reply templates: a message with places to fill in.

use serde::{Deserialize, Serialize};

use crate::{Button, Buttons, Channel, Content, Media};

mod literal;

/// Most characters that a filled text can have: no channel carries more.
pub const MAX_FILLED: usize = 65_536;
/// More bytes than these are more characters than [`MAX_FILLED`].
const MAX_FILLED_BYTES: usize = 4 * MAX_FILLED;
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

/// Why a template is not filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFilled {
    /// Some of its places would stay empty.
    TooFewVariables(TooFewVariables),
    /// A text would have more characters than [`MAX_FILLED`].
    TooLong {
        /// Which, by its field of a template.
        part: &'static str,
    },
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
    /// are not needed. It takes no longer than the texts are long, and none of them grows far beyond [`MAX_FILLED`].
    pub fn fill(&self, variables: &[String], channel: Channel) -> Result<Content, NotFilled> {
        let placeholders = self.placeholders();
        let has = |number: &u32| (*number as usize) <= variables.len();
        let missing: Vec<u32> = placeholders.iter().copied().filter(|number| !has(number)).collect();
        if !missing.is_empty() {
            let needed = placeholders.last().copied().unwrap_or(0);
            return Err(NotFilled::TooFewVariables(TooFewVariables { needed, missing }));
        }
        // On buttons and in codes nothing is read as markup.
        let bare =
            |part, template: &str| fill(part, template, variables, |variable, into| into.push_str(variable));
        let text = |part, template: &str| match channel {
            Channel::Whatsapp | Channel::WhatsappOfficial => {
                let mut shown = literal::Shown::default();
                fill(part, template, variables, |variable, into| shown.append(variable, into))
            }
            Channel::Telegram | Channel::Messenger | Channel::Instagram => bare(part, template),
        };
        let title = self.title.as_deref().map(|title| text("title", title)).transpose()?;
        let footer = self.footer.as_deref().map(|footer| text("footer", footer)).transpose()?;
        let body = text("text", &self.text)?;
        let bare = |template: &str| bare("buttons", template);
        let buttons = self.buttons.iter().map(|button| {
            Ok(match button {
                Button::Reply { id, text: label } => Button::Reply { id: id.clone(), text: bare(label)? },
                Button::Url { text: label, url } => {
                    Button::Url { text: bare(label)?, url: fill("buttons", url, variables, escape)? }
                }
                Button::Copy { text: label, code } => Button::Copy { text: bare(label)?, code: bare(code)? },
            })
        });
        let buttons = buttons.collect::<Result<Vec<Button>, _>>()?;
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
        if let Some((number, after)) = place(&rest[open + 2..]) {
            pieces.push(Piece::Text(&rest[..open]));
            pieces.push(Piece::Place(number));
            (rest, from) = (after, 0);
        } else {
            // One brace further: `{{{1}}` has its place after the first.
            from = open + 1;
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The number of a place that was opened, and what follows it. Looks no further than the place itself goes.
fn place(inside: &str) -> Option<(u32, &str)> {
    let inside = inside.trim_start();
    let end = inside.find(|c: char| !c.is_ascii_digit())?;
    let number = inside[..end].parse().ok().filter(|number| (1..=MAX_PLACEHOLDERS).contains(number))?;
    Some((number, inside[end..].trim_start().strip_prefix("}}")?))
}

fn numbers(template: &str) -> Vec<u32> {
    let number = |piece| match piece {
        Piece::Place(number) => Some(number),
        Piece::Text(_) => None,
    };
    pieces(template).into_iter().filter_map(number).collect()
}

/// In one pass, so that what a variable brings in is never looked at again. `part` is what it is called if it becomes too long.
fn fill(
    part: &'static str,
    template: &str,
    variables: &[String],
    mut put: impl FnMut(&str, &mut String),
) -> Result<String, NotFilled> {
    let mut filled = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Place(number) => {
                let variable = (number as usize).checked_sub(1).and_then(|at| variables.get(at));
                put(variable.map_or("", String::as_str), &mut filled);
            }
        }
        // Before more is copied: a few kilobytes of places could else become hundreds of megabytes.
        if filled.len() > MAX_FILLED_BYTES {
            return Err(NotFilled::TooLong { part });
        }
    }
    Ok(filled)
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
        let few = TooFewVariables { needed: 5, missing: vec![3, 5] };
        assert_eq!(missing, Err(NotFilled::TooFewVariables(few)));
    }

    /// What a request of 5 KB could ask for: 53 million characters on one line.
    #[test]
    fn what_would_become_longer_than_any_message_is_not_filled_to_the_end() {
        let long = ["x".repeat(4096)];
        for channel in [Channel::Whatsapp, Channel::Telegram] {
            for places in [800, 13_000] {
                let (text, short) = ("{{1}}".repeat(places), template("Halo"));
                let filled = template(&text).fill(&long, channel).map(drop);
                assert_eq!(filled, Err(NotFilled::TooLong { part: "text" }));
                let title = Template { title: Some(text.clone()), ..short.clone() };
                assert_eq!(title.fill(&long, channel).map(drop), Err(NotFilled::TooLong { part: "title" }));
                let buttons = vec![Button::Url { text: "x".into(), url: text }];
                let buttons = Template { buttons, ..short };
                assert_eq!(
                    buttons.fill(&long, channel).map(drop),
                    Err(NotFilled::TooLong { part: "buttons" })
                );
            }
        }
    }

    /// Each of these would take minutes if anything in it were looked at once more for each place or brace.
    #[test]
    fn filling_takes_no_longer_than_the_texts_are_long() {
        let (braces, blanks) = ("{".repeat(2_000_000), " ".repeat(30_000));
        assert!(template(&braces).placeholders().is_empty());
        let places = "{{1}}".repeat(7_000);
        for (text, variable) in [
            (places.clone(), "12345 * "),
            (format!("{blanks}{places}"), " "),
            (format!("{}{places}", "x".repeat(30_000)), ""),
        ] {
            assert!(template(&text).fill(&[variable.to_owned()], Channel::Whatsapp).is_ok());
        }
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
