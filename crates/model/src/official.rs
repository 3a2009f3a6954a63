//! What only Meta's official WhatsApp has: messages by a template that Meta approved.

use serde::{Deserialize, Serialize};

use crate::{ContentKind, Media};

/// A message by a template that Meta approved, named as in Meta's own manager.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficialTemplate {
    /// The template's name.
    pub name: String,
    /// Its language: `id`, `en_US`.
    pub language: String,
    /// What its places are filled with.
    pub filling: Filling,
    /// The text as its reader sees it, where the template is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a template's places are filled with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filling {
    /// In the contract's short form.
    Parts(TemplateParts),
    /// Meta's own array of components: JSON text, passed on as it is.
    Components(String),
}

/// The contract's short form.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateParts {
    /// The medium above the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<TemplateHeader>,
    /// The variable of a header that is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_text: Option<String>,
    /// The variables of the body, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<TemplateVariable>,
    /// The variables of its buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<TemplateButton>,
}

/// The medium above a template's text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateHeader {
    /// Image, video or document.
    pub kind: ContentKind,
    /// Its bytes.
    pub media: Media,
}

/// One variable of the body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVariable {
    /// Its name, where the template's places have names instead of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is put there.
    pub value: String,
}

/// What one of a template's buttons is given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateButton {
    /// Which, from 0, counted over all buttons of the template.
    pub index: u32,
    /// What it is given.
    #[serde(flatten)]
    pub variable: TemplateButtonVariable,
}

/// What a button is given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum TemplateButtonVariable {
    /// The end of its address.
    Url(String),
    /// What comes back when it is pressed.
    QuickReply(String),
    /// The code it copies.
    CopyCode(String),
}

/// A template as its network keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTemplate {
    /// Its name; with `language` it is the only one of its account.
    pub name: String,
    /// Its language, as in `id` or `en_US`.
    pub language: String,
    /// The network's id of it.
    pub remote_id: String,
    /// Where the network's review stands, in its own word: `APPROVED`, `PAUSED`, …
    pub status: String,
    /// Why it was refused, in the network's own word.
    pub reason: Option<String>,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`; the network adds others.
    pub category: String,
    /// What it is made of: the network's own JSON text.
    pub components: String,
}

/// The word for a template that its network does not have.
pub const NOT_FOUND: &str = "NOT_FOUND";

/// With which of Meta's words a template cannot be sent. A word that is not here is left to Meta to judge. Source: Meta's documentation
/// of template statuses and of error 132001, 132015 and 132016.
const NOT_SENDABLE: [&str; 8] =
    ["PENDING", "REJECTED", "IN_APPEAL", "PAUSED", "DISABLED", "DELETED", "LIMIT_EXCEEDED", NOT_FOUND];

impl KnownTemplate {
    /// Whether a message by it would be refused for sure.
    pub fn is_refused(&self) -> bool {
        NOT_SENDABLE.contains(&self.status.as_str())
    }

    /// What stands for a template that the network does not have.
    pub fn not_found(name: &str, language: &str) -> Self {
        Self {
            name: name.to_owned(),
            language: language.to_owned(),
            remote_id: String::new(),
            status: NOT_FOUND.to_owned(),
            reason: None,
            category: String::new(),
            components: "[]".to_owned(),
        }
    }
}

/// What a network tells of one of its templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateChange {
    /// Which.
    pub name: String,
    /// In which language.
    pub language: String,
    /// What became of it.
    pub news: TemplateNews,
}

/// What became of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateNews {
    /// Its review stands elsewhere now.
    Status {
        /// As in [`KnownTemplate::status`].
        status: String,
        /// Why, in the network's own word.
        reason: Option<String>,
    },
    /// It is of another category.
    Category(String),
    /// Its text is another: what is known of it is out of date.
    Rewritten,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_metas_that_we_do_not_know_is_left_to_meta() {
        let refused = |status: &str| {
            KnownTemplate { status: status.to_owned(), ..KnownTemplate::not_found("n", "id") }.is_refused()
        };
        assert!(refused(NOT_FOUND) && refused("PAUSED") && refused("REJECTED") && refused("PENDING"));
        assert!(!refused("APPROVED") && !refused("FLAGGED") && !refused("SOMETHING_NEW"));
    }
}
