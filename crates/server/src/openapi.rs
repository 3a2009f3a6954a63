//! The OpenAPI 3.1 document, made from the code: routes, schemas, refusals, headers.

mod header;
mod link;
mod refusal;
pub(crate) mod schema;

pub(crate) use refusal::{Failures, refusals};

use std::sync::LazyLock;

use axum::body::Bytes;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, RefOr,
    path::Operation,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    tag::TagBuilder,
};
use utoipa_axum::router::OpenApiRouter;

use crate::{auth::COOKIE, options::Face, pages, v1};

const DESCRIPTION: &str = "\
One API for WhatsApp, Telegram, Messenger and Instagram. JSON over HTTPS only.

**Authentication**: `Authorization: Bearer sk_live_…` on every request to `/v1`. `sk_test_` keys reach simulated people only.

**Answers**: `{\"success\": true, \"message\": …, \"data\": …}`, or `{\"success\": false, \"message\": …, \"error\": {\"code\", \"fields\", \
\"request_id\"}}`. Messages are Indonesian, or English with `Accept-Language: en`. `error.code` never changes its meaning; \
`error.fields` lists every bad field at once. Fields that are not known are ignored, and `null` is the same as leaving a field out.

**A 200 for a send is a promise**: the message is on disk. `GET /v1/jobs/{id}` and webhooks tell what becomes of it. Send an \
`Idempotency-Key` to be able to repeat a request without sending twice.

**Limit**: 60 requests in any 60 seconds for each key, unless the plan says otherwise; 600 for a person who is signed in; see the `X-RateLimit-*` headers. \
A request that is refused before it is counted has none of them: 401, `ip_blocked`, an address without that route or method (404, \
405), and 503 while the server is overloaded or stopping.";

/// The document of the public API.
pub fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Cetar")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(
            LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build(),
        ))
        .build();
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("sk_live_… or sk_test_…")
        .description(Some("An API key. Never show it in a browser."))
        .build();
    let session = ApiKeyValue::with_description(
        COOKIE,
        "A person who is signed in to the dashboard (`POST /v1/session`). Requests that change something carry `X-CSRF-Token` as well.",
    );
    let mut components = ComponentsBuilder::new()
        .security_scheme("apiKey", SecurityScheme::Http(key))
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)))
        .schema_from::<Failures>()
        .schemas_from_iter(refusal::schemas())
        .build();
    let tags = [
        ("messages", "Sending."),
        ("jobs", "What becomes of a message."),
        ("templates", "Quick replies, with places to fill in."),
        ("conversations", "The inbox."),
        ("contacts", "The people you write with."),
        ("devices", "Linked accounts."),
        ("api-keys", "Keys."),
        ("webhooks", "Where events go."),
        ("events", "Events for those who pull."),
        ("workspace", "The key's own workspace and plan."),
        ("session", "Signing in to the dashboard."),
        ("users", "Dashboard accounts, and what was done."),
        ("server", "How the server is."),
    ];
    let tags = tags.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    components.headers.extend(header::all());
    components.responses.extend(refusal::shared().map(|(status, mut response)| {
        header::describe(&status, &mut response, true);
        (status, RefOr::T(response))
    }));
    let base = OpenApiBuilder::new().info(info).components(Some(components)).tags(Some(tags)).build();
    let mut document = OpenApiRouter::with_openapi(base)
        .merge(v1::routes(Face::Public))
        .merge(pages::documented())
        .into_openapi();
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    header::describe(status, response, path.starts_with("/v1/"));
                }
            }
            // What a key may do, a person of the right role may.
            if let Some(security) = &mut operation.security
                && security.contains(&SecurityRequirement::new("apiKey", [""; 0]))
            {
                security.push(SecurityRequirement::new("session", [""; 0]));
            }
            link::add(operation);
        }
    }
    document
}

/// The document as it is served: made once.
pub(crate) fn bytes() -> Bytes {
    static BYTES: LazyLock<Bytes> = LazyLock::new(|| {
        // Strings, numbers and maps of them: writing it cannot fail, and a test reads it.
        Bytes::from(serde_json::to_vec(&document()).unwrap_or_default())
    });
    BYTES.clone()
}

pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::ErrorCode;

    fn parsed() -> Value {
        serde_json::from_slice(&bytes()).expect("JSON")
    }

    /// Every operation as method, path and itself.
    fn all(document: &Value) -> Vec<(String, Value)> {
        let paths = document["paths"].as_object().expect("paths");
        let of_path = |(path, item): (&String, &Value)| {
            let item = item.as_object().expect("a path item").clone();
            let path = path.clone();
            item.into_iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
        };
        paths.iter().flat_map(of_path).collect()
    }

    fn resolved<'d>(document: &'d Value, response: &'d Value) -> &'d Value {
        let place = response["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        place.map_or(response, |place| document.pointer(place).expect("a response"))
    }

    #[test]
    fn the_document_in_the_repository_is_the_one_the_code_makes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
        let write = std::env::var("CETAR_TEST_WRITE").is_ok();
        if write {
            let text = document().to_pretty_json().expect("JSON");
            std::fs::write(path, text + "\n").expect("a file that can be written");
        }
        let kept: Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
        assert!(
            kept == parsed(),
            "the API has changed: if that is meant, run `cetar openapi > crates/server/openapi.json`"
        );
    }

    #[test]
    fn every_operation_is_named_described_and_says_what_it_answers() {
        let document = parsed();
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
        let mut ids = BTreeSet::new();
        for (name, operation) in all(&document) {
            for text in ["operationId", "summary"] {
                assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{name} lacks {text}");
            }
            assert!(
                ids.insert(operation["operationId"].to_string()),
                "{name}: the operationId is there twice"
            );
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.contains_key("200"), "{name}");
            for (status, response) in responses {
                let response = resolved(&document, response);
                assert!(response["headers"]["X-Request-Id"].is_object(), "{name} {status}");
                assert!(!response["description"].as_str().unwrap_or("").is_empty(), "{name} {status}");
            }
            if name.contains(" /v1/") {
                let open = ["createSession", "getInvitation", "acceptInvitation"];
                let is_open = open.iter().any(|id| operation["operationId"] == *id);
                let scheme = if operation["tags"][0] == "session" { "session" } else { "apiKey" };
                let guarded = operation["security"][0][scheme] == serde_json::json!([]);
                assert!(is_open != guarded, "{name}: who may?");
                for status in ["401", "403", "429", "500", "503"] {
                    assert!(responses.contains_key(status), "{name} lacks {status}");
                }
                let header = |status: &str, name: &str| {
                    resolved(&document, &responses[status])["headers"][name].is_object()
                };
                assert!(header("429", "Retry-After") && header("401", "WWW-Authenticate"), "{name}");
            }
        }
    }

    #[test]
    fn every_code_is_documented_where_it_can_occur() {
        let document = parsed();
        let mut documented = String::new();
        for (_, operation) in all(&document) {
            for (_, response) in operation["responses"].as_object().expect("responses") {
                documented += resolved(&document, response)["description"].as_str().unwrap_or("");
            }
        }
        let listed = &document["components"]["schemas"]["ErrorCode"]["enum"];
        for code in ErrorCode::ALL {
            assert!(listed.as_array().expect("codes").contains(&Value::from(code.as_str())), "{code}");
            // No operation answers these: the first is what other methods of a path get, the second what a network gets that calls us.
            if !matches!(*code, ErrorCode::MethodNotAllowed | ErrorCode::CallbackNotVerified) {
                assert!(documented.contains(&format!("`{code}`")), "{code} is on no operation");
            }
        }
    }

    #[test]
    fn where_a_repeat_would_do_something_twice_it_may_be_unknown_whether_it_is_stored() {
        let document = parsed();
        let may_be_unknown = |operation: &Value| {
            let response = resolved(&document, &operation["responses"]["500"]);
            let said = response["description"].as_str().unwrap_or("").contains("`outcome_unknown`");
            said.then(|| operation["operationId"].as_str().expect("an id").to_owned())
        };
        let known: BTreeSet<String> =
            all(&document).iter().filter_map(|(_, it)| may_be_unknown(it)).collect();
        let expected = [
            "acceptInvitation",
            "cancelJob",
            "createApiKey",
            "createDevice",
            "createNote",
            "createSession",
            "createTemplate",
            "createWebhook",
            "deleteTemplate",
            "deleteUser",
            "deleteWebhook",
            "eraseContact",
            "inviteUser",
            "inviteUserAgain",
            "resendDelivery",
            "resolveJob",
            "retryJob",
            "rotateWebhookSecret",
            "sendMessage",
            "sendOfficialMessage",
            "sendTemplate",
            "testWebhook",
        ];
        assert_eq!(known.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = parsed();
        let text = document.to_string();
        for part in text.split("\"#/").skip(1) {
            let place = part.split('"').next().unwrap_or("");
            assert!(document.pointer(&format!("/{place}")).is_some_and(Value::is_object), "{place}");
        }
    }

    #[test]
    fn every_link_leads_to_an_operation_and_takes_a_field_that_is_there() {
        let document = parsed();
        let all = all(&document);
        for (name, operation) in &all {
            let answer = &operation["responses"]["200"];
            for (_, link) in answer["links"].as_object().into_iter().flatten() {
                let target =
                    all.iter().find(|(_, operation)| operation["operationId"] == link["operationId"]);
                let (target, _) = target.expect("an operation");
                assert!(target.contains("{id}"), "{name}: {target}");
            }
        }
        assert!(all.iter().any(|(_, operation)| operation["responses"]["200"]["links"].is_object()));
    }

    #[test]
    fn what_only_the_operator_may_do_is_not_in_the_public_document() {
        assert!(all(&parsed()).iter().all(|(name, _)| !name.contains("/v1/workspaces")));
    }
}
