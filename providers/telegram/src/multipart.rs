//! `multipart/form-data` (RFC 7578) around one file that is read while it goes out.

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::client::Params;

/// What stands before and after the file's bytes.
pub(crate) struct Multipart {
    pub(crate) content_type: String,
    pub(crate) head: Bytes,
    pub(crate) tail: Bytes,
}

impl Multipart {
    /// The parameters, then the file. What stands between the parts follows from `secret`, so that nobody who writes a caption or a file
    /// can put a parameter of their own into the form.
    pub(crate) fn of(
        secret: &str,
        params: &Params,
        field: &str,
        file_name: &str,
        content_type: &str,
    ) -> Self {
        let mut hash = Sha256::new();
        hash.update(secret);
        let mut values = Vec::with_capacity(params.len());
        for (name, value) in params {
            // What is no text goes as the text of its JSON.
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            hash.update(&value);
            values.push((name, value));
        }
        let boundary = format!("cetar-{:x}", hash.finalize());
        let mut head = String::new();
        for (name, value) in values {
            head.extend([
                "--",
                &boundary,
                "\r\nContent-Disposition: form-data; name=\"",
                name,
                "\"\r\n\r\n",
                &value,
                "\r\n",
            ]);
        }
        let name = quoted(file_name);
        head.extend([
            "--",
            &boundary,
            "\r\nContent-Disposition: form-data; name=\"",
            field,
            "\"; filename=\"",
            &name,
            "\"\r\nContent-Type: ",
            content_type,
            "\r\n\r\n",
        ]);
        Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            head: head.into(),
            tail: format!("\r\n--{boundary}--\r\n").into(),
        }
    }
}

/// As browsers write a name (WHATWG: "multipart/form-data encoding algorithm").
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_cannot_end_its_header() {
        let form = Multipart::of("secret", &Params::new(), "document", "a\"\r\nX: y.pdf", "application/pdf");
        let head = String::from_utf8(form.head.to_vec()).unwrap();
        assert!(head.contains("filename=\"a%22%0D%0AX: y.pdf\"\r\n"), "{head}");
    }

    #[test]
    fn what_is_no_text_goes_as_json() {
        let params = json!({ "chat_id": 7, "reply_markup": { "a": [1] }, "caption": "x" });
        let form = Multipart::of("secret", params.as_object().unwrap(), "photo", "a.jpg", "image/jpeg");
        let head = String::from_utf8(form.head.to_vec()).unwrap();
        for part in ["name=\"chat_id\"\r\n\r\n7\r\n", "\r\n\r\n{\"a\":[1]}\r\n", "\r\n\r\nx\r\n"] {
            assert!(head.contains(part), "{part}: {head}");
        }
    }
}
