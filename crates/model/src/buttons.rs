//! Text with buttons.

use serde::{Deserialize, Serialize};

use crate::{Content, Media};

/// Most buttons of one message, on every channel.
pub const MAX_BUTTONS: usize = 3;

/// Text with buttons below it, in the contract's words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buttons {
    /// Bold, above the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text.
    pub text: String,
    /// Small and grey, below the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// One to three.
    pub buttons: Vec<Button>,
    /// A picture above it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
}

/// One button.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Button {
    /// Answers with its id.
    #[serde(rename = "quick_reply")]
    Reply {
        /// Comes back when it is pressed; unique within its message.
        id: String,
        /// What stands on it.
        text: String,
    },
    /// Opens a page.
    #[serde(rename = "cta_url")]
    Url {
        /// What stands on it.
        text: String,
        /// The page, http or https.
        url: String,
    },
    /// Copies a code.
    #[serde(rename = "cta_copy")]
    Copy {
        /// What stands on it.
        text: String,
        /// What is copied.
        #[serde(rename = "copy_code")]
        code: String,
    },
}

impl Button {
    /// What stands on it.
    pub fn text(&self) -> &str {
        match self {
            Self::Reply { text, .. } | Self::Url { text, .. } | Self::Copy { text, .. } => text,
        }
    }
}

impl Buttons {
    /// The same as text that reads well without buttons: title, text, a numbered line for each button, footer. With a picture
    /// it becomes that picture's caption. Nobody can press it, so the answer comes as text.
    pub fn into_text(self) -> Content {
        let Self { title, text, footer, buttons, media } = self;
        let line = |(number, button): (usize, Button)| match button {
            Button::Reply { text, .. } => format!("{number}. {text}"),
            Button::Url { text, url } => format!("{number}. {text}: {url}"),
            Button::Copy { text, code } => format!("{number}. {text}: {code}"),
        };
        let lines: Vec<String> = (1..).zip(buttons).map(line).collect();
        let parts = [title, Some(text), Some(lines.join("\n")), footer];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
        match media {
            Some(media) => Content::Image { media, caption: Some(text) },
            None => Content::Text { text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_text_buttons_are_numbered_lines() {
        let buttons = Buttons {
            title: Some("PROMO".into()),
            text: "Mau?".into(),
            footer: Some("Hingga besok".into()),
            buttons: vec![
                Button::Reply { id: "YA".into(), text: "Ya, Ambil!".into() },
                Button::Url { text: "Situs".into(), url: "https://contoh.com".into() },
                Button::Copy { text: "Salin Kode".into(), code: "PROMO50".into() },
            ],
            media: None,
        };
        let text = "PROMO\n\nMau?\n\n1. Ya, Ambil!\n2. Situs: https://contoh.com\n3. Salin Kode: PROMO50\n\nHingga besok";
        assert!(buttons.clone().into_text() == Content::Text { text: text.into() });
        let media = Media::at("https://contoh.com/a.jpg");
        let pictured = Buttons { media: Some(media.clone()), ..buttons }.into_text();
        assert!(pictured == Content::Image { media, caption: Some(text.into()) });
    }
}
