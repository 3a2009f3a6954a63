//! Files: uploaded by bots and sent by people.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{answer::Refused, form::Form, state::State};

/// Most that a bot may download: 20 MB.
const DOWNLOAD: usize = 20 << 20;

/// A file that is kept.
pub(crate) struct Kept {
    /// As a message shows it.
    pub(crate) object: Value,
    pub(crate) bytes: Bytes,
}

/// The file of a call: uploaded, or one that is known by its id. An address is not fetched: the simulated Telegram has no internet.
pub(crate) fn given(state: &mut State, form: &Form, field: &str, largest: usize) -> Result<Kept, Refused> {
    if let Some(uploaded) = form.file(field) {
        if uploaded.bytes.len() > largest {
            return Err(Refused::new(413, "Request Entity Too Large"));
        }
        if uploaded.bytes.is_empty() {
            return Err(Refused::bad("file must be non-empty"));
        }
        let is_picture = uploaded.bytes.starts_with(&[0xff, 0xd8]) || uploaded.bytes.starts_with(b"\x89PNG");
        if field == "photo" && !is_picture {
            return Err(Refused::bad("IMAGE_PROCESS_FAILED"));
        }
        let object = keep(state, field, &uploaded.bytes, &uploaded.content_type, Some(&uploaded.file_name));
        return Ok(Kept { object, bytes: uploaded.bytes.clone() });
    }
    let named =
        form.text(field).ok_or_else(|| Refused::bad(&format!("there is no {field} in the request")))?;
    if named.starts_with("http://") || named.starts_with("https://") {
        return Err(Refused::bad("failed to get HTTP URL content"));
    }
    let bytes = state.files.get(&path(&named)).cloned();
    let bytes = bytes.ok_or_else(|| Refused::bad("wrong file identifier/HTTP URL specified"))?;
    Ok(Kept { object: shown(field, &named, bytes.len(), "application/octet-stream", None), bytes })
}

fn path(id: &str) -> String {
    format!("documents/{id}")
}

/// Keeps a file; how a message shows it.
pub(crate) fn keep(
    state: &mut State,
    field: &str,
    bytes: &Bytes,
    content_type: &str,
    file_name: Option<&str>,
) -> Value {
    let id = format!("AgAC{}", state.fresh());
    state.files.insert(path(&id), bytes.clone());
    shown(field, &id, bytes.len(), content_type, file_name)
}

fn shown(field: &str, id: &str, size: usize, content_type: &str, file_name: Option<&str>) -> Value {
    let mut object = json!({ "file_id": id, "file_unique_id": format!("u{id}"), "file_size": size });
    match field {
        "photo" => {
            let small = json!({ "file_id": "small", "file_unique_id": "us", "width": 90, "height": 90 });
            (object["width"], object["height"]) = (800.into(), 600.into());
            return json!([small, object]);
        }
        "video" | "audio" | "voice" => object["duration"] = 3.into(),
        _ => {}
    }
    object["mime_type"] = content_type.into();
    if let Some(name) = file_name {
        object["file_name"] = name.into();
    }
    object
}

/// `getFile`.
pub(crate) fn get(state: &State, form: &Form) -> Result<Value, Refused> {
    let id = form.text("file_id").unwrap_or_default();
    let bytes = state.files.get(&path(&id));
    let bytes = bytes.ok_or_else(|| Refused::bad("wrong file_id or the file is temporarily unavailable"))?;
    if bytes.len() > DOWNLOAD {
        return Err(Refused::bad("file is too big"));
    }
    Ok(
        json!({ "file_id": id, "file_unique_id": format!("u{id}"), "file_size": bytes.len(), "file_path": path(&id) }),
    )
}
