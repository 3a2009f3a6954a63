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
