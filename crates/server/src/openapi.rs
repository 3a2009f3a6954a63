//! The OpenAPI 3.1 document, made from the code: routes, schemas, refusals, headers.

mod refusal;
pub(crate) mod schema;

pub(crate) use refusal::{Failures, refusals};

use std::sync::LazyLock;

use axum::body::Bytes;
use utoipa::openapi::{
    ComponentsBuilder, HeaderBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder,
    PathItem, RefOr, Response, Type,
    header::Header,
    path::Operation,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};
use utoipa_axum::router::OpenApiRouter;

use crate::{options::Face, pages, v1};

const DESCRIPTION: &str = "\
One API for WhatsApp, Telegram, Messenger and Instagram. JSON over HTTPS only.

**Authentication**: `Authorization: Bearer sk_live_…` on every request to `/v1`. `sk_test_` keys reach simulated people only.

**Answers**: `{\"success\": true, \"message\": …, \"data\": …}`, or `{\"success\": false, \"message\": …, \"error\": {\"code\", \"fields\", \
\"request_id\"}}`. Messages are Indonesian, or English with `Accept-Language: en`. `error.code` never changes its meaning; \
`error.fields` lists every bad field at once. Fields that are not known are ignored, and `null` is the same as leaving a field out.

**A 200 for a send is a promise**: the message is on disk. `GET /v1/jobs/{id}` and webhooks tell what becomes of it. Send an \
`Idempotency-Key` to be able to repeat a request without sending twice.

**Limit**: 60 requests in any 60 seconds for each key, unless the plan says otherwise; see the `X-RateLimit-*` headers.";

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
    let components = ComponentsBuilder::new()
        .security_scheme("apiKey", SecurityScheme::Http(key))
        .schema_from::<Failures>()
        .schemas_from_iter(refusal::schemas())
        .build();
    let tags = [
        ("messages", "Sending."),
        ("jobs", "What becomes of a message."),
        ("devices", "Linked accounts."),
        ("api-keys", "Keys."),
        ("webhooks", "Where events go."),
        ("workspace", "The key's own workspace and plan."),
        ("server", "How the server is."),
    ];
    let tags = tags.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    let base = OpenApiBuilder::new().info(info).components(Some(components)).tags(Some(tags)).build();
    let mut document = OpenApiRouter::with_openapi(base)
        .merge(v1::routes(Face::Public))
        .merge(pages::documented())
        .into_openapi();
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            describe_headers(operation, path.starts_with("/v1/"));
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
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten()
}

/// Headers that [`crate::context`] puts on every answer.
fn describe_headers(operation: &mut Operation, limited: bool) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        add(response, "X-Request-Id", text("Name it when you report a problem."));
        if limited && status != "401" {
            add(response, "X-RateLimit-Limit", number("Requests allowed in any 60 seconds."));
            add(response, "X-RateLimit-Remaining", number("How many more would be let through now."));
            add(
                response,
                "X-RateLimit-Reset",
                number("Unix seconds when the oldest counted request leaves the window."),
            );
            add(response, "RateLimit-Policy", text("The same in the IETF's form: `\"default\";q=60;w=60`."));
            add(response, "RateLimit", text("The same in the IETF's form: `\"default\";r=59;t=60`."));
        }
        match status.as_str() {
            "401" => add(response, "WWW-Authenticate", text("`Bearer`.")),
            "429" | "503" => add(response, "Retry-After", number("Seconds to wait.")),
            _ => {}
        }
    }
}

fn add(response: &mut Response, name: &str, header: Header) {
    response.headers.insert(name.to_owned(), RefOr::T(header));
}

fn text(about: &str) -> Header {
    header(Type::String, about)
}

fn number(about: &str) -> Header {
    header(Type::Integer, about)
}

fn header(of: Type, about: &str) -> Header {
    HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(of))).description(Some(about)).build()
}
