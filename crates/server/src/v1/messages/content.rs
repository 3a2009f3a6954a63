//! What a message says, from its fields: `content`, and `media_url` beside it.

use std::collections::HashSet;

use cetar_model::{Button, Buttons, Content, ContentKind, MAX_BUTTONS, Markup, Media};

use crate::input::{Fields, Problem, TextRule, is_http_url};

/// No network takes more of anything; each has its own limits below this.
const LONGEST: TextRule = TextRule::upto(65_536);
/// The longest file name: what file systems take.
const FILE_NAME: TextRule = TextRule::upto(255);
/// The longest address.
const ADDRESS: usize = 2048;
/// The kinds of buttons, by the contract's words.
pub(crate) const BUTTON_TYPES: [&str; 3] = ["quick_reply", "cta_url", "cta_copy"];

/// Reads the content of a message of this kind. `None` if something was refused, which is noted.
pub(in crate::v1) fn read(fields: &Fields<'_>, kind: ContentKind) -> Option<Content> {
    let content = plain(fields, kind);
    // Anything but an object was noted by then.
    let markup = if fields.is_object("content") {
        fields.object("content").parsed("parse_mode", || Problem::unknown(Markup::ALL, Markup::as_str))
    } else {
        None
    };
    match markup {
        Some(markup) => content.map(|content| Content::Formatted { markup, content: Box::new(content) }),
        None => content,
    }
}

fn plain(fields: &Fields<'_>, kind: ContentKind) -> Option<Content> {
    match kind {
        ContentKind::Text => text(fields),
        ContentKind::Button => buttons(fields),
        ContentKind::Image => {
            let (media, content) = media(fields);
            let caption = caption(&content);
            Some(Content::Image { media: media?, caption })
        }
        ContentKind::Video => {
            let (media, content) = media(fields);
            let caption = caption(&content);
            Some(Content::Video { media: media?, caption })
        }
        ContentKind::Document => {
            let (media, content) = media(fields);
            let caption = caption(&content);
            let file_name = content.text("filename", FILE_NAME).and_then(plain_file_name);
            Some(Content::Document { media: Media { file_name, ..media? }, caption })
        }
        ContentKind::Audio => {
            let (media, content) = media(fields);
            let caption = caption(&content);
            let voice = content.flag("voice").unwrap_or(false);
            Some(Content::Audio { media: media?, caption, voice })
        }
        // Of a type that is not sent from here, nothing more can be said than that it must be an object.
        _ => {
            fields.object("content");
            None
        }
    }
}

/// `media_url`, which this type needs, and `content`, which it does not.
fn media<'v>(fields: &Fields<'v>) -> (Option<Media>, Fields<'v>) {
    fields.require("media_url");
    let media = fields.http_url("media_url", ADDRESS).map(Media::at);
    (media, fields.object("content"))
}

fn caption(content: &Fields<'_>) -> Option<String> {
    content.text("caption", LONGEST).map(str::to_owned)
}

/// The last part of what may have been a path: it names a file, and nothing else. None of a folder: the name in the address does then.
pub(in crate::v1) fn plain_file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    (!last.trim().is_empty()).then(|| last.to_owned())
}

fn text(fields: &Fields<'_>) -> Option<Content> {
    let content = required_content(fields, "text");
    Some(Content::Text { text: content.text("text", LONGEST)?.to_owned() })
}

/// `content` with this field in it.
fn required_content<'v>(fields: &Fields<'v>, name: &str) -> Fields<'v> {
    let content = fields.object("content");
    if !fields.has("content") {
        fields.refuse(&format!("content.{name}"), Problem::Required);
    } else if content.exists() {
        content.require(name);
    }
    content
}

fn buttons(fields: &Fields<'_>) -> Option<Content> {
    let media = fields.http_url("media_url", ADDRESS).map(Media::at);
    let content = required_content(fields, "text");
    let optional = |name| content.text(name, LONGEST).map(str::to_owned);
    let (title, text, footer) = (optional("title"), optional("text"), optional("footer"));
    let buttons = button_list(&content, fields.has("content"), OF_A_MESSAGE);
    let as_text = fallback(&content);
    let buttons = Buttons { title, text: text?, footer, buttons: buttons?, media };
    Some(if as_text { buttons.into_text() } else { Content::Buttons(buttons) })
}

/// Whether the sender would rather have readable text than buttons.
pub(in crate::v1) fn fallback(content: &Fields<'_>) -> bool {
    match content.raw_text("fallback") {
        None => false,
        Some("text") => true,
        Some(_) => {
            content.refuse("fallback", Problem::Unknown { allowed: vec!["text".to_owned()] });
            false
        }
    }
}

/// What the texts of buttons must be like, beside their length.
#[derive(Clone, Copy)]
pub(in crate::v1) struct ButtonRules {
    /// What stands on one, and what is copied.
    pub(in crate::v1) text: fn(&str) -> Result<(), Problem>,
    /// The page one opens.
    pub(in crate::v1) address: fn(&str) -> Result<(), Problem>,
}

/// Of a message: any text, and addresses by http.
const OF_A_MESSAGE: ButtonRules = ButtonRules {
    text: |_| Ok(()),
    address: |address| if is_http_url(address) { Ok(()) } else { Err(Problem::NotHttpUrl) },
};

/// The buttons, one to three; `None` if something was refused.
pub(in crate::v1) fn button_list(
    content: &Fields<'_>,
    there: bool,
    rules: ButtonRules,
) -> Option<Vec<Button>> {
    if !there {
        content.refuse("buttons", Problem::Required);
    } else if content.exists() {
        content.require("buttons");
    }
    let entries = content.objects("buttons", MAX_BUTTONS)?;
    if entries.is_empty() {
        content.refuse("buttons", Problem::Empty);
        return None;
    }
    let mut ids = HashSet::new();
    let count = entries.len();
    let buttons: Vec<Button> = entries.iter().filter_map(|entry| button(entry, &mut ids, rules)).collect();
    (buttons.len() == count).then_some(buttons)
}

fn button<'v>(entry: &Fields<'v>, ids: &mut HashSet<&'v str>, rules: ButtonRules) -> Option<Button> {
    if !entry.exists() {
        return None;
    }
    let kind = if entry.has("type") { kind(entry) } else { Some("quick_reply") };
    let required = |name, max, rule: fn(&str) -> Result<(), Problem>| {
        entry.require(name);
        let text = entry.text(name, TextRule::upto(max))?;
        match rule(text) {
            Ok(()) => Some(text),
            Err(problem) => {
                entry.refuse(name, problem);
                None
            }
        }
    };
    let text = required("text", LONGEST.max, rules.text).map(str::to_owned);
    // What belongs to another kind of button is not read, but must be what it is said to be.
    for (name, of) in [("id", "quick_reply"), ("url", "cta_url"), ("copy_code", "cta_copy")] {
        if kind != Some(of) {
            entry.raw_text(name);
        }
    }
    match kind? {
        "cta_url" => {
            let url = required("url", ADDRESS, rules.address)?.to_owned();
            Some(Button::Url { text: text?, url })
        }
        "cta_copy" => {
            let code = required("copy_code", LONGEST.max, rules.text)?.to_owned();
            Some(Button::Copy { text: text?, code })
        }
        _ => {
            let id = required("id", LONGEST.max, |_| Ok(()))?;
            if !ids.insert(id) {
                entry.refuse("id", Problem::Duplicate);
                return None;
            }
            Some(Button::Reply { id: id.to_owned(), text: text? })
        }
    }
}

/// Which kind of button; `None` if it is none, which is noted.
fn kind(entry: &Fields<'_>) -> Option<&'static str> {
    let word = entry.raw_text("type")?;
    let known = BUTTON_TYPES.into_iter().find(|kind| *kind == word);
    if known.is_none() {
        let allowed = BUTTON_TYPES.map(str::to_owned).to_vec();
        entry.refuse("type", if word.is_empty() { Problem::Empty } else { Problem::Unknown { allowed } });
    }
    known
}
