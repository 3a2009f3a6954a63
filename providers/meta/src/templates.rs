//! Templates of a `WhatsApp` business account: reading the list, what callbacks tell of them, and the text that comes out of one.
//!
//! Source: Meta's documentation of `message_templates` and of its webhooks (v26.0).

use cetar_model::{Filling, KnownTemplate, OfficialTemplate, TemplateChange, TemplateNews};
use serde_json::Value;

use crate::graph::{Failed, Graph};

/// On one page. Meta allows more, and then answers slowly.
const PAGE: usize = 100;
/// An account has at most 6,000; pages after these would be Meta turning in a circle.
const PAGES: usize = 100;

/// The account's templates: all, or those of one name.
pub(crate) async fn list(
    graph: &Graph,
    waba: &str,
    name: Option<&str>,
) -> Result<Vec<KnownTemplate>, Failed> {
    let mut known = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let query = query(name, after.as_deref());
        let page = graph.get(&format!("{waba}/message_templates?{query}")).await?;
        known.extend(page["data"].as_array().into_iter().flatten().filter_map(read));
        // `after` stays on the last page too; and `next` itself may carry the token, and leads to a host of Meta's choice.
        let cursor = page["paging"]["cursors"]["after"].as_str().map(str::to_owned);
        let more = page["paging"]["next"].is_string() && cursor.is_some() && cursor != after;
        if !more {
            // Meta's filter finds every name that contains it.
            known.retain(|template| name.is_none_or(|name| template.name == name));
            return Ok(known);
        }
        after = cursor;
    }
    Err(Failed::Unknown("the list of templates has no end".to_owned()))
}

fn query(name: Option<&str>, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("fields", "id,name,status,category,language,components,rejected_reason");
    query.append_pair("limit", &PAGE.to_string());
    for (key, value) in [("name", name), ("after", after)] {
        if let Some(value) = value {
            query.append_pair(key, value);
        }
    }
    query.finish()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An id is a text where it is asked for, and a number in webhooks.
fn id(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string()))
}

/// `en-US` in some webhooks, `en_US` everywhere else.
fn language(value: &Value, name: &str) -> Option<String> {
    text(value, name).map(|language| language.replace('-', "_"))
}

/// Meta's `NONE` is no reason.
fn reason(value: &Value, name: &str) -> Option<String> {
    text(value, name).filter(|reason| reason != "NONE")
}

fn read(template: &Value) -> Option<KnownTemplate> {
    Some(KnownTemplate {
        name: text(template, "name")?,
        language: language(template, "language")?,
        remote_id: id(&template["id"])?,
        status: text(template, "status")?,
        reason: reason(template, "rejected_reason"),
        category: text(template, "category").unwrap_or_default(),
        components: template["components"].to_string(),
    })
}

/// What a webhook tells of a template, by the change's field; `None` where it is about something else.
pub(crate) fn change(field: &str, value: &str) -> Option<TemplateChange> {
    if !matches!(
        field,
        "message_template_status_update" | "template_category_update" | "message_template_components_update"
    ) {
        return None;
    }
    let value: Value = serde_json::from_str(value).ok()?;
    let news = match field {
        "message_template_status_update" => {
            let status = match value["event"].as_str()? {
                "REINSTATED" | "UNARCHIVED" => "APPROVED",
                other => other,
            };
            TemplateNews::Status { status: status.to_owned(), reason: reason(&value, "reason") }
        }
        "template_category_update" => TemplateNews::Category(text(&value, "new_category")?),
        _ => TemplateNews::Rewritten,
    };
    Some(TemplateChange {
        name: text(&value, "message_template_name")?,
        language: language(&value, "message_template_language")?,
        news,
    })
}

/// The values for the places of one part, in order; each with its name, where it has one.
type Values = Vec<(Option<String>, String)>;

/// The text as its reader sees it: header, text and footer, their places filled. A place for which nothing was given stays as it is.
pub(crate) fn filled(known: &KnownTemplate, message: &OfficialTemplate) -> Option<String> {
    let components: Vec<Value> = serde_json::from_str(&known.components).ok()?;
    let part = |kind: &str| {
        let its =
            |component: &&Value| component["type"].as_str().is_some_and(|its| its.eq_ignore_ascii_case(kind));
        components.iter().find(its).and_then(|component| component["text"].as_str())
    };
    let (header, body) = values(&message.filling);
    let parts = [
        part("HEADER").map(|text| fill(text, &header)),
        part("BODY").map(|text| fill(text, &body)),
        part("FOOTER").map(str::to_owned),
    ];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    (!text.is_empty()).then_some(text)
}

/// What was given for the header's text and for the body.
fn values(filling: &Filling) -> (Values, Values) {
    match filling {
        Filling::Parts(parts) => {
            let header = parts.header_text.iter().map(|text| (None, text.clone())).collect();
            let body = parts.body.iter().map(|it| (it.name.clone(), it.value.clone())).collect();
            (header, body)
        }
        Filling::Components(json) => {
            let components: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
            let of = |kind: &str| {
                let its = |component: &&Value| {
                    component["type"].as_str().is_some_and(|its| its.eq_ignore_ascii_case(kind))
                };
                let parameters = components.iter().find(its).and_then(|it| it["parameters"].as_array());
                parameters.into_iter().flatten().filter_map(parameter).collect()
            };
            (of("header"), of("body"))
        }
    }
}

/// Money and moments have a text for those who cannot show them, which is what we show.
fn parameter(parameter: &Value) -> Option<(Option<String>, String)> {
    let kind = parameter["type"].as_str()?;
    let value = match kind {
        "text" => parameter["text"].as_str()?,
        "currency" | "date_time" => parameter[kind]["fallback_value"].as_str()?,
        _ => return None,
    };
    Some((text(parameter, "parameter_name"), value.to_owned()))
}

/// Replaces `{{1}}` by the first value, `{{name}}` by the one of that name. What a value brings along is never a place itself.
fn fill(template: &str, values: &Values) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, from)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((place, after)) = from.split_once("}}") else {
            rest = &rest[before.len()..];
            break;
        };
        let named = values.iter().find(|(name, _)| name.as_deref() == Some(place.trim()));
        let numbered = || {
            let number: usize = place.trim().parse().ok()?;
            values.get(number.checked_sub(1)?).filter(|(name, _)| name.is_none())
        };
        if let Some((_, value)) = named.or_else(numbered) {
            filled.push_str(value);
        } else {
            filled.extend(["{{", place, "}}"]);
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use cetar_model::{TemplateParts, TemplateVariable};
    use serde_json::json;

    use super::*;

    fn known(components: &Value) -> KnownTemplate {
        let listed = json!({"id": "1", "name": "n", "language": "id", "status": "APPROVED",
            "category": "UTILITY", "rejected_reason": "NONE", "components": components});
        read(&listed).unwrap()
    }

    fn message(filling: Filling) -> OfficialTemplate {
        OfficialTemplate { name: "n".into(), language: "id".into(), filling, text: None }
    }

    fn parts(header: Option<&str>, body: &[(Option<&str>, &str)]) -> Filling {
        let variable = |(name, value): &(Option<&str>, &str)| TemplateVariable {
            name: name.map(str::to_owned),
            value: (*value).to_owned(),
        };
        Filling::Parts(TemplateParts {
            header_text: header.map(str::to_owned),
            body: body.iter().map(variable).collect(),
            ..TemplateParts::default()
        })
    }

    #[test]
    fn a_text_is_filled_as_its_reader_sees_it() {
        let template = known(&json!([
            {"type": "HEADER", "format": "TEXT", "text": "Pesanan {{1}}"},
            {"type": "BODY", "text": "Halo {{1}}, tagihan {{2}} {{9}} {{ 1 }} {{"},
            {"type": "FOOTER", "text": "Toko {{1}}"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Stop"}]},
        ]));
        let filling = parts(Some("42"), &[(None, "Budi {{2}}"), (None, "Rp 1")]);
        assert_eq!(
            filled(&template, &message(filling)).unwrap(),
            "Pesanan 42\n\nHalo Budi {{2}}, tagihan Rp 1 {{9}} Budi {{2}} {{\n\nToko {{1}}"
        );
        let picture = known(&json!([{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hai"}]));
        assert_eq!(filled(&picture, &message(parts(None, &[]))).unwrap(), "Hai");
        assert_eq!(filled(&known(&json!([])), &message(parts(None, &[]))), None);
    }

    #[test]
    fn places_with_names_are_filled_by_name_and_metas_own_array_is_understood() {
        let template = known(&json!([{"type": "body", "text": "{{nama}}: {{total}}, {{1}}"}]));
        let named = [(Some("total"), "Rp 2"), (Some("nama"), "Ana")];
        assert_eq!(filled(&template, &message(parts(None, &named))).unwrap(), "Ana: Rp 2, {{1}}");
        let own = json!([{"type": "body", "parameters": [
            {"type": "text", "parameter_name": "nama", "text": "Ana"},
            {"type": "currency", "parameter_name": "total", "currency": {"fallback_value": "Rp 3", "code": "IDR"}},
            {"type": "image", "image": {"id": "1"}},
        ]}]);
        let filling = Filling::Components(own.to_string());
        assert_eq!(filled(&template, &message(filling)).unwrap(), "Ana: Rp 3, {{1}}");
    }

    #[test]
    fn what_webhooks_tell_of_a_template_is_understood() {
        let told = |field: &str, more: Value| {
            let mut value = json!({"message_template_id": 1_234_567_890_123_456_u64,
                "message_template_name": "promo", "message_template_language": "en-US"});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            change(field, &value.to_string())
        };
        let status = |event: &str, reason: Value| {
            told("message_template_status_update", json!({"event": event, "reason": reason}))
        };
        let paused = status("PAUSED", json!("ABUSIVE_CONTENT")).unwrap();
        assert_eq!((paused.name.as_str(), paused.language.as_str()), ("promo", "en_US"));
        let word = |status: &str, reason: Option<&str>| TemplateNews::Status {
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
        };
        assert_eq!(paused.news, word("PAUSED", Some("ABUSIVE_CONTENT")));
        assert_eq!(status("REINSTATED", json!("NONE")).unwrap().news, word("APPROVED", None));
        assert_eq!(status("SOMETHING_NEW", json!(null)).unwrap().news, word("SOMETHING_NEW", None));
        let moved = told("template_category_update", json!({"new_category": "MARKETING"})).unwrap();
        assert_eq!(moved.news, TemplateNews::Category("MARKETING".to_owned()));
        let rewritten = told("message_template_components_update", json!({})).unwrap();
        assert_eq!(rewritten.news, TemplateNews::Rewritten);
        assert_eq!(told("message_template_quality_update", json!({})), None);
        assert_eq!(change("message_template_status_update", "[]"), None);
    }
}
