//! `POST /{phone_number_id}/messages`: Meta's rules for every kind of message, and what follows one that is taken.

use serde_json::{Value, json};

use crate::{
    Fault, GraphError,
    state::{Account, Shared, State},
    templates, webhook, window,
};

type Checked = Result<(), GraphError>;

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value[name].as_str().filter(|text| !text.is_empty())
}

fn is_user_id(address: &str) -> bool {
    let bytes = address.as_bytes();
    bytes.len() > 3 && bytes[0].is_ascii_uppercase() && bytes[1].is_ascii_uppercase() && bytes[2] == b'.'
}

/// Whom it is for: digits, or a business-scoped user id.
pub(crate) fn recipient(body: &Value) -> Option<String> {
    let to = text(body, "to").or_else(|| text(body, "recipient"))?;
    if is_user_id(to) { Some(to.to_owned()) } else { Some(to.chars().filter(char::is_ascii_digit).collect()) }
}

/// What Meta answers; statuses follow.
pub(crate) fn send(
    shared: &Shared,
    account: &Account,
    body: &Value,
    fault: Option<Fault>,
) -> Result<Value, GraphError> {
    if text(body, "messaging_product") != Some("whatsapp") {
        return Err(GraphError::new(400, 100, "The parameter messaging_product is required."));
    }
    if body["status"] == "read" {
        let id = text(body, "message_id").ok_or_else(|| GraphError::missing("message_id"))?;
        if !id.starts_with("wamid.") {
            return Err(GraphError::parameter("message_id is not known"));
        }
        return Ok(json!({ "success": true }));
    }
    let whom = recipient(body).ok_or_else(|| GraphError::missing("to"))?;
    let by_number = text(body, "to");
    if let Some(to) = by_number.filter(|to| !is_user_id(to))
        && !(7..=15).contains(&to.chars().filter(char::is_ascii_digit).count())
    {
        return Err(GraphError::parameter("to is not a phone number"));
    }
    // Without it Meta may put the business's own country before the number: a client that counts on luck is found out here.
    if by_number.is_some_and(|to| !to.starts_with('+') && !is_user_id(to)) {
        return Err(GraphError::parameter("to has no leading +"));
    }
    if whom == account.display {
        return Err(GraphError::new(400, 131_021, "Recipient cannot be the sender."));
    }
    let mut state = shared.lock();
    check(&state, account, body)?;
    state.limits.count(&account.id, &whom)?;
    let wamid = format!("wamid.HBgN{:016x}==", state.number());
    // A user id given as a number is taken, and lost.
    let lost = by_number.is_some_and(is_user_id);
    // Taken, and refused by a status, as most free-form messages outside the window are.
    let is_free_form = body["type"] != "template";
    let shut = is_free_form && state.windows.is_shut(account, &whom, window::OPEN);
    let fault = if shut { Some(Fault::Later { code: 131_047 }) } else { fault };
    let silent = matches!(fault, Some(Fault::CutOffForGood | Fault::Silent)) || lost;
    if !silent {
        statuses(&mut state, account, body, (&wamid, &whom), fault);
    }
    let mut message = json!({ "id": wamid });
    if body["type"] == "template" {
        message["message_status"] = "accepted".into();
    }
    let mut contact = json!({ "input": by_number.unwrap_or(&whom) });
    if by_number.is_some() && !lost {
        contact["wa_id"] = whom.into();
    }
    Ok(json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] }))
}

fn statuses(
    state: &mut State,
    account: &Account,
    body: &Value,
    (wamid, whom): (&str, &str),
    fault: Option<Fault>,
) {
    let mut tell = |word: &str, errors: Option<Value>| {
        let mut status = json!({
            "id": wamid, "status": word, "timestamp": webhook::now().to_string(), "recipient_id": whom,
        });
        if let Some(opaque) = text(body, "biz_opaque_callback_data") {
            status["biz_opaque_callback_data"] = opaque.into();
        }
        if let Some(errors) = errors {
            status["errors"] = errors;
        }
        let change = webhook::change(account, json!({ "statuses": [status] }));
        let frame = json!({
            "object": "whatsapp_business_account", "entry": [{ "id": account.waba, "changes": [change] }],
        });
        state.due.push_back((account.clone(), frame));
    };
    if let Some(Fault::Later { code }) = fault {
        let error = json!([{ "code": code, "title": "As scripted", "message": "As scripted" }]);
        return tell("failed", Some(error));
    }
    tell("sent", None);
    // A reaction has no other.
    if body["type"] != "reaction" {
        tell("delivered", None);
        tell("read", None);
    }
}

fn check(state: &State, account: &Account, body: &Value) -> Checked {
    let kind = text(body, "type").unwrap_or("text");
    let part = &body[kind];
    if let Some(opaque) = text(body, "biz_opaque_callback_data")
        && opaque.chars().count() > 512
    {
        return Err(GraphError::parameter("biz_opaque_callback_data is too long"));
    }
    if !body["context"].is_null() {
        text(&body["context"], "message_id").ok_or_else(|| GraphError::missing("context.message_id"))?;
    }
    if kind != "contacts" && !part.is_object() {
        return Err(GraphError::missing(kind));
    }
    match kind {
        "text" => upto(part, "body", 4096, true),
        "image" | "video" => medium(state, part, kind).and_then(|()| upto(part, "caption", 1024, false)),
        "document" => medium(state, part, kind).and_then(|()| upto(part, "caption", 1024, false)),
        "audio" | "sticker" => {
            if part.get("caption").is_some() {
                return Err(GraphError::new(
                    400,
                    100,
                    format!("Unexpected key \"caption\" on param \"{kind}\"."),
                ));
            }
            medium(state, part, kind)
        }
        "location" => {
            let degrees =
                |name: &str| part[name].as_f64().or_else(|| part[name].as_str()?.parse::<f64>().ok());
            let (latitude, longitude) = (degrees("latitude"), degrees("longitude"));
            let valid =
                latitude.is_some_and(|it| it.abs() <= 90.0) && longitude.is_some_and(|it| it.abs() <= 180.0);
            if valid { Ok(()) } else { Err(GraphError::parameter("location")) }
        }
        "contacts" => {
            let cards = part
                .as_array()
                .filter(|cards| !cards.is_empty())
                .ok_or_else(|| GraphError::missing("contacts"))?;
            cards.iter().try_for_each(|card| upto(&card["name"], "formatted_name", 1024, true))
        }
        "reaction" => {
            let id = text(part, "message_id").ok_or_else(|| GraphError::missing("reaction.message_id"))?;
            if !id.starts_with("wamid.") || !part["emoji"].is_string() {
                return Err(GraphError::parameter("reaction"));
            }
            Ok(())
        }
        "template" => templates::check(state, &account.waba, part),
        "interactive" => interactive(state, part),
        other => Err(GraphError::new(400, 131_051, format!("{other} is not a supported type"))),
    }
}

fn upto(part: &Value, name: &str, most: usize, required: bool) -> Checked {
    match &part[name] {
        Value::Null if !required => Ok(()),
        Value::String(text) if (!required || !text.is_empty()) && text.chars().count() <= most => Ok(()),
        Value::Null => Err(GraphError::missing(name)),
        _ => Err(GraphError::parameter(format!("Param {name} must be at most {most} characters"))),
    }
}

/// `id` or `link`, one of them; an id must be of a file of the right kind.
fn medium(state: &State, part: &Value, kind: &str) -> Checked {
    match (text(part, "id"), text(part, "link")) {
        (Some(id), None) => {
            let file =
                state.media.get(id).ok_or_else(|| GraphError::new(400, 131_053, "Media is not known"))?;
            let fits = match kind {
                "document" => true,
                "sticker" => file.content_type == "image/webp",
                other => file.content_type.starts_with(other),
            };
            if fits {
                Ok(())
            } else {
                Err(GraphError::new(400, 131_053, format!("{} is no {kind}", file.content_type)))
            }
        }
        (None, Some(link)) if link.starts_with("http") => Ok(()),
        (None, None) => Err(GraphError::missing("id or link")),
        _ => Err(GraphError::parameter("exactly one of id and link")),
    }
}

fn interactive(state: &State, part: &Value) -> Checked {
    let kind = text(part, "type").ok_or_else(|| GraphError::missing("interactive.type"))?;
    if kind != "product" && kind != "catalog_message" {
        upto(&part["body"], "text", if kind == "list" { 4096 } else { 1024 }, true)?;
    }
    if !part["footer"].is_null() {
        upto(&part["footer"], "text", 60, true)?;
    }
    header(state, part, kind)?;
    let action = &part["action"];
    if !action.is_object() {
        return Err(GraphError::missing("interactive.action"));
    }
    match kind {
        "button" => {
            let buttons = action["buttons"].as_array().filter(|buttons| (1..=3).contains(&buttons.len()));
            let buttons =
                buttons.ok_or_else(|| GraphError::parameter("action.buttons must have 1 to 3 buttons"))?;
            for button in buttons {
                if button["type"] != "reply" {
                    return Err(GraphError::parameter("button type"));
                }
                upto(&button["reply"], "id", 256, true)?;
                upto(&button["reply"], "title", 20, true)?;
            }
            unique(buttons.iter().map(|button| &button["reply"]["id"]))?;
            unique(buttons.iter().map(|button| &button["reply"]["title"]))
        }
        "list" => list(action),
        "cta_url" if action["name"] == "cta_url" => {
            upto(&action["parameters"], "display_text", 20, true)?;
            upto(&action["parameters"], "url", 2000, true)
        }
        "flow"
        | "location_request_message"
        | "request_contact_info"
        | "voice_call"
        | "call_permission_request"
        | "carousel"
        | "product"
        | "product_list"
        | "catalog_message"
        | "order_details"
        | "order_status"
        | "address_message" => Ok(()),
        // `copy_code` among them: the Cloud API has no such type or action.
        other => Err(GraphError::parameter(format!(
            "interactive of type {other} is not one of the supported types"
        ))),
    }
}

fn header(state: &State, part: &Value, kind: &str) -> Checked {
    let header = &part["header"];
    if header.is_null() {
        return Ok(());
    }
    match text(header, "type") {
        Some("text") => upto(header, "text", 60, true),
        Some(medium_kind @ ("image" | "video" | "document")) if kind != "list" => {
            medium(state, &header[medium_kind], medium_kind)
        }
        _ => Err(GraphError::parameter("interactive.header")),
    }
}

/// Ten rows in all, whatever the sections.
fn list(action: &Value) -> Checked {
    upto(action, "button", 20, true)?;
    let sections = action["sections"].as_array().filter(|sections| (1..=10).contains(&sections.len()));
    let sections = sections.ok_or_else(|| GraphError::parameter("action.sections"))?;
    let mut rows = Vec::new();
    for section in sections {
        upto(section, "title", 24, sections.len() > 1)?;
        for row in section["rows"].as_array().map_or(&[][..], Vec::as_slice) {
            upto(row, "id", 200, true)?;
            upto(row, "title", 24, true)?;
            upto(row, "description", 72, false)?;
            rows.push(row);
        }
    }
    if !(1..=10).contains(&rows.len()) {
        return Err(GraphError::parameter("Total row count exceed max allowed count: 10"));
    }
    unique(rows.iter().map(|row| &row["id"]))
}

fn unique<'v>(values: impl Iterator<Item = &'v Value>) -> Checked {
    let mut seen: Vec<&Value> = Vec::new();
    for value in values {
        if seen.contains(&value) {
            return Err(GraphError::parameter("Duplicated id or title"));
        }
        seen.push(value);
    }
    Ok(())
}
