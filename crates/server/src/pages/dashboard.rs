//! The dashboard: files that were built into the program, and one page for every address of its own.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};

use super::status;
use crate::{context::not_found, error::NOTHING_THERE, language::Spoken, state::AppState};

/// Scripts and styles are the program's own files: what people write can never run, nor look like the page. Pictures may come from
/// elsewhere over https, because a message may name one by its address.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https:; \
    media-src 'self' blob: https:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";
/// The page of every address that is the dashboard's own.
const PAGE: &str = "index.html";
/// Where the dashboard has a page, as `dashboard/src/router.tsx` has it (a test compares the two); `$` stands for any one part.
const ROUTES: &[&str] = &[
    "",
    "index.html",
    "docs",
    "invitation/$",
    "inbox",
    "inbox/$",
    "devices",
    "devices/new",
    "devices/$",
    "broadcast",
    "broadcast/templates",
    "broadcast/templates/$",
    "developers",
    "developers/webhooks",
    "developers/webhooks/$",
    "developers/messages",
    "developers/samples",
    "developers/reference",
    "settings",
    "settings/account",
    "settings/channels/$",
    "settings/users",
    "settings/plan",
    "settings/addresses",
    "settings/audit",
];
/// Addresses of the API and of machines: what is not there is not a page.
const MACHINES: [&str; 7] =
    ["/v1", "/media", "/callbacks", "/openapi.json", "/healthz", "/readyz", "/metrics"];

/// What no other route answers.
pub(crate) async fn serve(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path();
    let below =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let of_machines = MACHINES.iter().any(|root| below(root));
    if !matches!(*request.method(), Method::GET | Method::HEAD) || of_machines {
        return not_found().await.into_response();
    }
    let Some(file) = state.options.dashboard else { return not_found().await.into_response() };
    let name = path.trim_start_matches('/');
    if name != PAGE
        && let Some(response) = answer(file, name, request.headers())
    {
        return response;
    }
    // A file that is not there is an old page's: it must not be given a page in its place.
    if name.starts_with("assets/") {
        return not_found().await.into_response();
    }
    let known = is_route(name);
    // A person is shown the page, which says that there is nothing; a program must not take it for an answer.
    if !known && !reads_pages(request.headers()) {
        return not_found().await.into_response();
    }
    let Some(mut response) = answer(file, PAGE, request.headers()) else {
        return not_found().await.into_response();
    };
    if !known {
        *response.status_mut() = NOTHING_THERE;
    }
    response
}

/// Whether the dashboard has a page there.
fn is_route(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    ROUTES.iter().any(|route| {
        let (mut asked, mut known) = (path.split('/'), route.split('/'));
        loop {
            match (asked.next(), known.next()) {
                (None, None) => return true,
                (Some(asked), Some(known)) if asked == known || (known == "$" && !asked.is_empty()) => {}
                _ => return false,
            }
        }
    })
}

/// A browser that opens an address asks for a page by name; programs ask for anything.
fn reads_pages(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .any(|part| part.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html")))
}

/// `GET /`: the dashboard, or how the server is, in a program that was built without the dashboard's files.
pub(crate) async fn front(
    State(state): State<AppState>,
    context: crate::context::Context,
    language: Spoken,
    request: Request,
) -> Response {
    if state.options.dashboard.is_some_and(|file| file(PAGE).is_some()) {
        return serve(State(state), request).await;
    }
    let headers = request.headers().clone();
    status::page(State(state), context, language, headers).await.into_response()
}

/// A file, in the smallest form that the browser takes.
fn answer(file: crate::Dashboard, name: &str, asked: &HeaderMap) -> Option<Response> {
    let plain = file(name)?;
    let forms = [("br", ".br"), ("gzip", ".gz")];
    let mut taken = forms.into_iter().filter(|(encoding, _)| takes(asked, encoding));
    let smaller = taken.find_map(|(encoding, ending)| Some((encoding, file(&format!("{name}{ending}"))?)));
    let mut response = Body::from(smaller.map_or(plain, |(_, bytes)| bytes)).into_response();
    let headers = response.headers_mut();
    let mut set =
        |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    if let Some((encoding, _)) = smaller {
        set(header::CONTENT_ENCODING, encoding);
    }
    // The names of `assets` hold a hash of what is in them.
    let forever = name.starts_with("assets/");
    set(header::CACHE_CONTROL, if forever { "public, max-age=31536000, immutable" } else { "no-cache" });
    set(header::CONTENT_TYPE, media_type(name));
    set(header::VARY, "accept-encoding");
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    Some(response)
}

/// Whether the browser takes this encoding: named, and not with a weight of nothing.
fn takes(asked: &HeaderMap, encoding: &str) -> bool {
    let lines = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The routes of the dashboard's own router: each names its parent and its part of the path.
    fn routes_of_the_dashboard() -> Vec<String> {
        let source = include_str!("../../../../dashboard/src/router.tsx");
        let between = |text: &'static str, before: &str, after: &str| {
            text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(found, _)| found)
        };
        let mut paths = std::collections::HashMap::from([("root", String::new())]);
        let mut routes = Vec::new();
        for (declared, body) in source.split("= createRoute({").zip(source.split("= createRoute({").skip(1)) {
            let name = declared.rsplit_once("const ").unwrap().1.trim();
            // One that has no path of its own only surrounds others.
            let own = between(body.split("});").next().unwrap(), "path: \"", "\"").unwrap_or("");
            let parent = &paths[between(body, "getParentRoute: () => ", ",").unwrap()];
            let path = format!("{parent}/{own}")
                .split('/')
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("/");
            paths.insert(name, path.clone());
            let any = |part: &str| if part.starts_with('$') { "$".to_owned() } else { part.to_owned() };
            routes.push(path.split('/').map(any).collect::<Vec<_>>().join("/"));
        }
        routes.sort();
        routes.dedup();
        routes
    }

    #[test]
    fn the_routes_are_those_of_the_dashboards_router() {
        let mut known: Vec<&str> = ROUTES.iter().copied().filter(|route| *route != PAGE).collect();
        known.sort_unstable();
        assert_eq!(known, routes_of_the_dashboard());
    }

    #[test]
    fn a_route_is_known_by_its_parts() {
        for known in ["", "inbox", "inbox/", "inbox/cnv_1", "settings/channels/telegram", "devices/new"] {
            assert!(is_route(known), "{known}");
        }
        for unknown in
            ["inbox/a/b", "invitation", "invitation/", "settings/channels", "wp-login.php", "inboxes"]
        {
            assert!(!is_route(unknown), "{unknown}");
        }
    }

    #[test]
    fn who_names_pages_is_a_browser() {
        let asks = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            reads_pages(&headers)
        };
        assert!(
            asks("text/html,application/xhtml+xml,*/*;q=0.8") && asks("application/json, Text/HTML;q=0.9")
        );
        assert!(!asks("*/*") && !asks("application/json") && !reads_pages(&HeaderMap::new()));
    }

    #[test]
    fn an_encoding_is_taken_where_it_is_named_and_not_refused() {
        for (header, expected) in [
            ("gzip, deflate, br, zstd", true),
            ("gzip;q=1.0, br;q=0.5", true),
            ("BR", true),
            ("br;q=0", false),
            ("br; q=0.0", false),
            ("gzip", false),
            ("*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(header));
            assert_eq!(takes(&headers, "br"), expected, "{header}");
        }
    }
}
