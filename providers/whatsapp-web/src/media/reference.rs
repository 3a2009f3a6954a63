//! Where a medium that came in can be fetched, and how it is opened: all of it as one text, so that it survives a restart.

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};
use whatsapp_rust::download::{Downloadable, MediaType};

/// Says all that is needed to fetch a medium and to open it. It is a secret: who has it can read the medium.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) kind: MediaType,
    /// The path on WhatsApp's media servers.
    pub(crate) path: String,
    pub(crate) key: Vec<u8>,
    pub(crate) cipher_sha256: Vec<u8>,
    pub(crate) sha256: Vec<u8>,
    /// Bytes, as its sender says.
    pub(crate) size: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Text {
    kind: String,
    path: String,
    key: String,
    sealed: String,
    plain: String,
    size: Option<u64>,
}

const KINDS: [(MediaType, &str); 5] = [
    (MediaType::Image, "image"),
    (MediaType::Video, "video"),
    (MediaType::Audio, "audio"),
    (MediaType::Document, "document"),
    (MediaType::Sticker, "sticker"),
];

impl Reference {
    /// As text. `None` where it cannot lead to a medium: its sender chooses the path, and what does not begin with a slash
    /// would be read as a part of the host's name.
    pub(crate) fn to_text(&self) -> Option<String> {
        let kind = KINDS.iter().find(|(kind, _)| *kind == self.kind)?.1;
        let sound = self.path.starts_with('/')
            && self.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && self.key.len() == 32
            && self.cipher_sha256.len() == 32
            && self.sha256.len() == 32;
        let text = Text {
            kind: kind.to_owned(),
            path: self.path.clone(),
            key: BASE64.encode(&self.key),
            sealed: BASE64.encode(&self.cipher_sha256),
            plain: BASE64.encode(&self.sha256),
            size: self.size,
        };
        sound.then(|| serde_json::to_string(&text).ok()).flatten()
    }

    /// Reads it back.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let text: Text = serde_json::from_str(text).ok()?;
        let read = Self {
            kind: KINDS.iter().find(|(_, name)| *name == text.kind)?.0,
            path: text.path,
            key: BASE64.decode(text.key).ok()?,
            cipher_sha256: BASE64.decode(text.sealed).ok()?,
            sha256: BASE64.decode(text.plain).ok()?,
            size: text.size,
        };
        read.to_text().map(|_sound| read)
    }
}

impl Downloadable for Reference {
    fn direct_path(&self) -> Option<&str> {
        Some(&self.path)
    }
    fn media_key(&self) -> Option<&[u8]> {
        Some(&self.key)
    }
    fn file_enc_sha256(&self) -> Option<&[u8]> {
        Some(&self.cipher_sha256)
    }
    fn file_sha256(&self) -> Option<&[u8]> {
        Some(&self.sha256)
    }
    fn file_length(&self) -> Option<u64> {
        self.size
    }
    fn app_info(&self) -> MediaType {
        self.kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Reference {
        Reference {
            kind: MediaType::Video,
            path: path.to_owned(),
            key: vec![1; 32],
            cipher_sha256: vec![2; 32],
            sha256: vec![3; 32],
            size: Some(5),
        }
    }

    #[test]
    fn a_reference_reads_back() {
        let reference = at("/v/t62.7161-24/123.enc?ccb=11-4&oh=01");
        assert!(Reference::from_text(&reference.to_text().unwrap()) == Some(reference));
        assert!(Reference::from_text("{}").is_none());
    }

    #[test]
    fn a_sender_cannot_lead_us_to_another_host() {
        for path in ["", "@evil.example/x", ".evil.example/x", ":8080/x", "/a b", "/a\\b", "/a\nb"] {
            assert_eq!(at(path).to_text(), None, "{path:?}");
        }
        let short = Reference { key: vec![1; 31], ..at("/x") };
        assert_eq!(short.to_text(), None);
    }
}
