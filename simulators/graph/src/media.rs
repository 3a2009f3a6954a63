//! Files that are kept for accounts.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::GraphError;

/// One file.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// Part of an address whose five minutes are not over.
const GOOD: &str = "good";

#[derive(Default)]
pub(crate) struct Files {
    by_id: HashMap<String, File>,
    next: u64,
    /// The next address given out is old already.
    stale: bool,
    /// Where addresses lead from now on, in place of here.
    elsewhere: Option<String>,
    /// How often a file was asked for by its address.
    pub(crate) asked: usize,
}

impl Files {
    pub(crate) fn add(&mut self, content_type: &str, bytes: Bytes) -> String {
        self.next += 1;
        let id = (800_000_000_000_000 + self.next).to_string();
        self.by_id.insert(id.clone(), File { content_type: content_type.to_owned(), bytes });
        id
    }

    pub(crate) const fn stale_once(&mut self) {
        self.stale = true;
    }

    pub(crate) fn place_at(&mut self, url: String) {
        self.elsewhere = Some(url);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&File> {
        self.by_id.get(id)
    }

    /// What a look-up answers.
    pub(crate) fn look_up(&mut self, base: &str, id: &str) -> Option<Value> {
        let file = self.by_id.get(id)?;
        let age = if std::mem::take(&mut self.stale) { "old" } else { GOOD };
        let here = format!("{base}/files/{age}/{id}");
        let sha256 = crate::webhook::hex(&Sha256::digest(&file.bytes));
        Some(json!({
            "messaging_product": "whatsapp",
            "id": id,
            "url": self.elsewhere.clone().unwrap_or(here),
            "mime_type": file.content_type,
            "sha256": sha256,
            "file_size": file.bytes.len().to_string(),
        }))
    }

    /// The file at an address that was given out; `None` once that is old.
    pub(crate) fn at(&self, age: &str, id: &str) -> Option<&File> {
        (age == GOOD).then(|| self.by_id.get(id))?
    }
}

/// The largest of a media type, in bytes. Source: Meta's table of supported media types.
fn most(content_type: &str) -> Option<usize> {
    Some(match content_type {
        "image/jpeg" | "image/png" => 5 << 20,
        "image/webp" => 500 << 10,
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg" | "video/mp4" | "video/3gpp" => {
            16 << 20
        }
        other if other.starts_with("application/") || other.starts_with("text/") => 100 << 20,
        _ => return None,
    })
}

/// Reads an upload's `multipart/form-data`.
pub(crate) fn upload(content_type: &str, body: &[u8]) -> Result<File, GraphError> {
    let boundary = content_type.split("boundary=").nth(1).ok_or_else(|| GraphError::missing("boundary"))?;
    let mut fields: HashMap<String, (String, Bytes)> = HashMap::new();
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    for part in split(body, delimiter.as_bytes()) {
        let Some(end) = find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&part[..end]);
        let value = part[end + 4..].strip_suffix(b"\r\n").unwrap_or(&part[end + 4..]);
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let lines = head.lines().find_map(|line| line.strip_prefix("Content-Type: "));
        fields.insert(name.to_owned(), (lines.unwrap_or_default().to_owned(), Bytes::copy_from_slice(value)));
    }
    let text = |name: &str| fields.get(name).map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    if text("messaging_product").as_deref() != Some("whatsapp") {
        return Err(GraphError::missing("messaging_product"));
    }
    let Some((file_type, bytes)) = fields.get("file") else { return Err(GraphError::missing("file")) };
    let stated = text("type").ok_or_else(|| GraphError::missing("type"))?;
    if *file_type != stated {
        return Err(GraphError::new(400, 131_053, "The file's media type is not the one stated."));
    }
    let most = most(&stated)
        .ok_or_else(|| GraphError::new(400, 100, "Param file must be a supported media type."))?;
    if bytes.len() > most {
        return Err(GraphError::new(400, 131_053, "The file is too large."));
    }
    Ok(File { content_type: stated, bytes: bytes.clone() })
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

fn split<'b>(body: &'b [u8], delimiter: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    let mut rest = body;
    while let Some(at) = find(rest, delimiter) {
        parts.push(&rest[..at]);
        rest = &rest[at + delimiter.len()..];
    }
    parts
}
