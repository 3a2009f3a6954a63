//! The headers of answers, as [`crate::context`] puts them there.

use utoipa::openapi::{
    HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, Type, extensions::Extensions, header::Header,
};

const LIMIT: [&str; 5] =
    ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy", "RateLimit"];

/// Marks a header that is there in some answers of a status only.
const SOMETIMES: &str = "-sometimes";

/// Adds those of one response; `limited` for `/v1`.
pub(super) fn describe(status: &str, response: &mut Response, limited: bool) {
    add(response, &["X-Request-Id"], "");
    if limited && status != "401" {
        add(response, &LIMIT, SOMETIMES);
    }
    match status {
        "401" => add(response, &["WWW-Authenticate"], ""),
        "429" => add(response, &["Retry-After"], ""),
        // Not with `/readyz`, nor with a key that is not for this address.
        "503" | "403" => add(response, &["Retry-After"], SOMETIMES),
        _ => {}
    }
}

fn add(response: &mut Response, names: &[&str], when: &str) {
    for name in names {
        let reference = Ref::new(format!("#/components/headers/{name}{when}"));
        response.headers.insert((*name).to_owned(), RefOr::Ref(reference));
    }
}

/// Every header, each as one that is always there and, where some answers lack it, as one that is not.
pub(super) fn all() -> impl Iterator<Item = (String, RefOr<Header>)> {
    let all = [
        ("X-Request-Id", Type::String, "Name it when you report a problem."),
        ("X-RateLimit-Limit", Type::Integer, "Requests allowed in any 60 seconds."),
        ("X-RateLimit-Remaining", Type::Integer, "How many more would be let through now."),
        (
            "X-RateLimit-Reset",
            Type::Integer,
            "Unix seconds when the oldest counted request leaves the window.",
        ),
        ("RateLimit-Policy", Type::String, "The limit in the IETF's form: `\"default\";q=60;w=60`."),
        ("RateLimit", Type::String, "What remains, in the IETF's form: `\"default\";r=59;t=60`."),
        ("WWW-Authenticate", Type::String, "`Bearer`."),
        ("Retry-After", Type::Integer, "Seconds to wait."),
    ];
    all.into_iter().flat_map(|(name, of, about)| {
        let header = |about: String, required: bool| {
            let schema = ObjectBuilder::new().schema_type(of.clone());
            // Of OpenAPI itself, though the library keeps no field for it.
            let required: Extensions = [("required", required)].into_iter().collect();
            let header = HeaderBuilder::new().schema(Some(schema)).description(Some(about));
            RefOr::T(header.extensions(Some(required)).build())
        };
        let sometimes = LIMIT.contains(&name).then_some(
            " Of requests with an API key or a session; absent where one was refused before it was counted.",
        );
        let sometimes = sometimes.or((name == "Retry-After").then_some(" Absent where no time is known."));
        let always = (name.to_owned(), header(about.to_owned(), true));
        let sometimes =
            sometimes.map(|when| (format!("{name}{SOMETIMES}"), header(format!("{about}{when}"), false)));
        [Some(always), sometimes].into_iter().flatten()
    })
}
