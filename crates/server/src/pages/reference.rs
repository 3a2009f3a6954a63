//! `GET /docs`: the API reference, made from the OpenAPI document. Nothing is fetched from elsewhere.

use std::sync::LazyLock;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use cetar_model::Language;
use serde_json::Value;

use super::{
    dashboard,
    html::{escape, page as html_page, prose, put},
};
use crate::{error::ErrorCode, language::Spoken, openapi, state::AppState};

/// Of a program that was built without the dashboard, which has its own.
pub(crate) async fn page(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    request: Request,
) -> Response {
    static OPERATIONS: LazyLock<String> = LazyLock::new(|| {
        let document = serde_json::from_slice(&openapi::bytes()).unwrap_or_default();
        operations(&document)
    });
    if state.options.dashboard.is_some() {
        return dashboard::serve(State(state), request).await;
    }
    let [title, back, codes, code, status, meaning] = language.pick(
        ["Referensi API", "Kembali", "Kode galat", "Kode", "Status", "Arti"],
        ["API reference", "Back", "Error codes", "Code", "Status", "Meaning"],
    );
    let body = format!(
        "<p><a href=\"/\">← {back}</a></p>\n<h1>{title}</h1>\n<p><a href=\"/openapi.json\">/openapi.json</a></p>\n{operations}\n\
         <h2 id=\"errors\">{codes}</h2>\n<table><tr><th>{code}</th><th>{status}</th><th>{meaning}</th></tr>{table}</table>\n",
        operations = *OPERATIONS,
        table = error_table(language),
    );
    html_page(language, &format!("Cetar · {title}"), &body).into_response()
}

fn error_table(language: Language) -> String {
    let row = |code: &ErrorCode| {
        let status = code.status().as_u16();
        format!(
            "<tr><td><code>{code}</code></td><td>{status}</td><td>{}</td></tr>",
            escape(code.message(language))
        )
    };
    ErrorCode::ALL.iter().map(row).collect()
}

/// Every operation, by tag in the document's order.
fn operations(document: &Value) -> String {
    let mut html = prose(text(&document["info"]["description"]));
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = text(&tag["name"]);
        put(&mut html, format_args!("<h2>{}</h2>\n", escape(name)));
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == name)) {
                    html += &one(document, method, path, operation);
                }
            }
        }
    }
    html
}

fn one(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let mut html = format!(
        "<details id=\"{}\"><summary><code>{} {}</code> {}</summary>{}",
        escape(text(&operation["operationId"])),
        method.to_uppercase(),
        escape(path),
        escape(text(&operation["summary"])),
        prose(text(&operation["description"])),
    );
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
        let about = prose(text(&parameter["description"]));
        put(
            &mut html,
            format_args!(
                "<h3><code>{}</code> <span class=\"dim\">{}</span></h3>{about}",
                escape(name),
                escape(place)
            ),
        );
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        put(
            &mut html,
            format_args!("<h3>Request</h3><pre><code>{}</code></pre>", pretty(&example(document, body, 0))),
        );
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let shared =
            response["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
        let response = shared.unwrap_or(response);
        put(&mut html, format_args!("<h3>{}</h3>{}", escape(status), prose(text(&response["description"]))));
        let content = &response["content"]["application/json"]["schema"];
        if status == "200" && !content.is_null() {
            put(
                &mut html,
                format_args!("<pre><code>{}</code></pre>", pretty(&example(document, content, 0))),
            );
        }
    }
    html + "</details>\n"
}

/// A value a schema describes: its own example, or one put together from its parts.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/")) {
        return if depth > 8 {
            Value::Null
        } else {
            example(document, &document["components"]["schemas"][name], depth + 1)
        };
    }
    if let Some(example) =
        schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema.get("default"))
    {
        return example.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return if is_nullable(schema) { Value::Null } else { first.clone() };
    }
    if is_nullable(schema) {
        return Value::Null;
    }
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut object: serde_json::Map<String, Value> =
        parts.filter_map(|part| example(document, part, depth + 1).as_object().cloned()).flatten().collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        object.insert(name.clone(), example(document, property, depth + 1));
    }
    match text(&schema["type"]) {
        "array" => Value::Array(vec![example(document, &schema["items"], depth + 1)]),
        "string" => "…".into(),
        "integer" | "number" => 1.into(),
        "boolean" => false.into(),
        _ => Value::Object(object),
    }
}

fn is_nullable(schema: &Value) -> bool {
    let of_types = schema["type"].as_array().is_some_and(|types| types.iter().any(|one| one == "null"));
    of_types
        || schema["oneOf"].as_array().is_some_and(|options| options.iter().any(|one| one["type"] == "null"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn pretty(value: &Value) -> String {
    escape(&serde_json::to_string_pretty(value).unwrap_or_default())
}
