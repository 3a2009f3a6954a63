//! A call's parameters, in whichever of the four ways they came.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

/// A file that was uploaded.
#[derive(Debug, Clone)]
pub(crate) struct Uploaded {
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// By name.
#[derive(Debug, Default)]
pub(crate) struct Form {
    values: BTreeMap<String, Value>,
    files: BTreeMap<String, Uploaded>,
}

impl Form {
    /// Reads query and body; `None` if the body is not of the kind it says.
    pub(crate) fn read(query: Option<&str>, content_type: &str, body: &Bytes) -> Option<Self> {
        let mut form = Self::default();
        form.pairs(query.unwrap_or_default().as_bytes());
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        match kind {
            "application/json" => {
                let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return None };
                form.values.extend(members);
            }
            "application/x-www-form-urlencoded" => form.pairs(body),
            "multipart/form-data" => form.parts(content_type, body)?,
            _ if body.is_empty() => {}
            _ => return None,
        }
        Some(form)
    }

    fn pairs(&mut self, text: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(text) {
            self.values.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }

    fn parts(&mut self, content_type: &str, body: &[u8]) -> Option<()> {
        let boundary = content_type.split_once("boundary=")?.1.trim_matches('"');
        let delimiter = format!("\r\n--{boundary}");
        // The first one has no line before it.
        let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..])?;
        loop {
            if rest.starts_with(b"--") {
                return Some(());
            }
            let part = rest.strip_prefix(b"\r\n")?;
            let end = find(part, delimiter.as_bytes())?;
            self.part(&part[..end])?;
            rest = &part[end + delimiter.len()..];
        }
    }

    fn part(&mut self, part: &[u8]) -> Option<()> {
        let split = find(part, b"\r\n\r\n")?;
        let (head, body) = (std::str::from_utf8(&part[..split]).ok()?, &part[split + 4..]);
        let attribute = |name: &str| {
            let after = head.split_once(&format!("; {name}=\""))?.1;
            Some(after.split_once('"')?.0.to_owned())
        };
        let name = attribute("name")?;
        match attribute("filename") {
            Some(file_name) => {
                let content_type = head.lines().find_map(|line| line.strip_prefix("Content-Type: "));
                let content_type = content_type.unwrap_or("application/octet-stream").to_owned();
                let bytes = Bytes::copy_from_slice(body);
                self.files.insert(name, Uploaded { file_name, content_type, bytes });
            }
            None => {
                self.values.insert(name, Value::String(std::str::from_utf8(body).ok()?.to_owned()));
            }
        }
        Some(())
    }

    /// A text; a number given where a text is wanted is one.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text == "true" || text == "1")
    }

    /// An object or a list: as JSON, or as the text of one.
    pub(crate) fn object(&self, name: &str) -> Option<Value> {
        match self.values.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            Value::Null => None,
            other => Some(other.clone()),
        }
    }

    pub(crate) fn file(&self, name: &str) -> Option<&Uploaded> {
        self.files.get(name)
    }

    /// All values as one object, for the record of calls.
    pub(crate) fn record(&self) -> Value {
        self.values.clone().into_iter().collect::<serde_json::Map<_, _>>().into()
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
