//! Templates: listing them page by page, and whether a send fits one.

use serde_json::{Value, json};

use crate::{GraphError, error, state::State};

/// A page of a business account's templates. `after` is the place of the first one on it.
pub(crate) fn page(
    state: &State,
    version: &str,
    waba: &str,
    query: &dyn Fn(&str) -> Option<String>,
) -> Value {
    let limit: usize = query("limit").and_then(|text| text.parse().ok()).unwrap_or(25).clamp(1, 100);
    let after: usize = query("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let name = query("name");
    let all: Vec<&Value> = state
        .templates
        .iter()
        .filter(|(of, template)| {
            *of == *waba
                && name.as_ref().is_none_or(|name| {
                    // Meta's filter finds every name that contains it.
                    template["name"].as_str().is_some_and(|its| its.contains(name.as_str()))
                })
        })
        .map(|(_, template)| template)
        .collect();
    let end = (after + limit).min(all.len());
    let data: Vec<&Value> = all.get(after..end).unwrap_or_default().to_vec();
    if data.is_empty() {
        return json!({ "data": [] });
    }
    let mut paging = json!({ "cursors": { "before": after.to_string(), "after": end.to_string() } });
    if end < all.len() {
        // Absolute, and with a host that is not this one, as behind Meta's balancers.
        paging["next"] =
            format!("https://graph.facebook.com/{version}/{waba}/message_templates?after={end}").into();
    }
    json!({ "data": data, "paging": paging })
}

/// What the callback is told of a review: the id is a number here, and the language has another form.
pub(crate) fn review(waba: &str, template: &Value, reason: &str) -> Value {
    let id = template["id"].as_str().and_then(|id| id.parse::<u64>().ok()).unwrap_or_default();
    let language = template["language"].as_str().unwrap_or_default().replace('_', "-");
    json!({"object": "whatsapp_business_account", "entry": [{"id": waba, "time": 1_790_000_000, "changes": [{
        "field": "message_template_status_update",
        "value": {
            "event": template["status"], "message_template_id": id, "message_template_name": template["name"],
            "message_template_language": language, "reason": reason, "message_template_category": template["category"],
        },
    }]}]})
}

/// Whether a template message fits the template it names. Without any template in store, every name is known.
pub(crate) fn check(state: &State, waba: &str, sent: &Value) -> Result<(), error::GraphError> {
    let name = sent["name"].as_str().ok_or_else(|| GraphError::missing("template.name"))?;
    let language = sent["language"]["code"].as_str();
    let language = language.ok_or_else(|| GraphError::missing("template.language.code"))?;
    let parameters = |kind: &str| {
        let components = sent["components"].as_array().map_or(&[][..], Vec::as_slice);
        components
            .iter()
            .find(|component| component["type"] == kind)
            .map_or(0, |component| component["parameters"].as_array().map_or(0, Vec::len))
    };
    let mine: Vec<&Value> =
        state.templates.iter().filter(|(of, _)| *of == *waba).map(|(_, template)| template).collect();
    if mine.is_empty() {
        return Ok(());
    }
    let found = mine.iter().find(|template| template["name"] == name && template["language"] == language);
    let unknown =
        || GraphError::new(404, 132_001, format!("template name ({name}) does not exist in {language}"));
    let template = found.ok_or_else(unknown)?;
    match template["status"].as_str() {
        Some("APPROVED") => {}
        Some("PAUSED") => return Err(GraphError::new(400, 132_015, "Template is paused.")),
        Some("DISABLED") => return Err(GraphError::new(400, 132_016, "Template is disabled.")),
        _ => return Err(unknown()),
    }
    let components = template["components"].as_array().map_or(&[][..], Vec::as_slice);
    let body = components.iter().find(|component| component["type"] == "BODY");
    let wanted = body.and_then(|body| body["text"].as_str()).map_or(0, |text| text.matches("{{").count());
    if parameters("body") != wanted {
        let details = format!(
            "body: number of localizable_params ({}) does not match the expected number of params ({wanted})",
            parameters("body")
        );
        return Err(GraphError::new(400, 132_000, details));
    }
    let header = components.iter().find(|component| component["type"] == "HEADER");
    let needs_header = header.is_some_and(|header| header["format"] != "TEXT");
    if needs_header && parameters("header") != 1 {
        return Err(GraphError::new(400, 132_012, "header: Format mismatch, expected a medium"));
    }
    Ok(())
}
