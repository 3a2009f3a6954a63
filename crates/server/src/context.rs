//! What surrounds every request: its id, language and caller; the log line; the headers every answer carries; refusals
//! written out in the right language; panics caught.

use std::{
    any::Any,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use cetar_engine::{auth::Caller, limit::Admission};
use cetar_model::{ApiKeyId, JobId, Language, Timestamp};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::{
    audit,
    client::Client,
    error::{ApiError, ErrorCode, whole_seconds},
    language,
    options::Face,
    state::AppState,
    uploads::Admitted,
};

const HTTPS_FOR_A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Of one request; handlers and extractors note here what the log line and the headers are to show.
#[derive(Clone)]
pub(crate) struct Context(Arc<Inner>);

struct Inner {
    request_id: String,
    language: Language,
    client: Option<Client>,
    admission: OnceLock<Admission>,
    key: OnceLock<ApiKeyId>,
    job: OnceLock<JobId>,
    audited: OnceLock<Caller>,
}

impl Context {
    fn of(request: &Request, state: &AppState) -> Self {
        let headers = request.headers();
        let peer = match (state.options.face, request.extensions().get::<ConnectInfo<SocketAddr>>()) {
            (_, Some(ConnectInfo(peer))) => Some(peer.ip()),
            (Face::Local, None) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            (Face::Public, None) => None,
        };
        let now = state.engine.clock().now();
        Self(Arc::new(Inner {
            request_id: format!("req_{}", state.options.ids.make::<uuid::Uuid>(now).simple()),
            language: language::preferred(headers),
            client: peer.map(|peer| Client::of(peer, headers, &state.options.trusted_proxies)),
            admission: OnceLock::new(),
            key: OnceLock::new(),
            job: OnceLock::new(),
            audited: OnceLock::new(),
        }))
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.0.request_id
    }

    pub(crate) fn language(&self) -> Language {
        self.0.language
    }

    /// The caller's address; an error if the server was put together without it.
    pub(crate) fn client(&self) -> Result<Client, ApiError> {
        self.0.client.ok_or_else(|| ApiError::internal("served without connect info"))
    }

    pub(crate) fn note_key(&self, key: &ApiKeyId) {
        let _already_noted = self.0.key.set(key.clone());
    }

    pub(crate) fn note_admission(&self, admission: Admission) {
        let _already_noted = self.0.admission.set(admission);
    }

    /// What this caller asks for is noted in the audit log, if it is done.
    pub(crate) fn note_audited(&self, caller: &Caller) {
        let _already_noted = self.0.audited.set(caller.clone());
    }

    pub(crate) fn note_job(&self, job: &JobId) {
        let _already_noted = self.0.job.set(job.clone());
    }
}

/// For handlers that note something.
impl<S: Sync> axum::extract::FromRequestParts<S> for Context {
    type Rejection = ApiError;
    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _state: &S,
    ) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiError::internal("no request context"))
    }
}

/// Puts all of this around the finished router.
pub(crate) fn surround(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn_with_state(state.clone(), envelop))
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    ApiError::internal(format_args!("panicked: {text}")).into_response()
}

async fn envelop(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = Context::of(&request, &state);
    request.extensions_mut().insert(context.clone());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    // The route, never the path itself: it may hold a number or a secret.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let span = tracing::info_span!("request", request_id = context.0.request_id);
    let mut response = next.run(request).instrument(span.clone()).await;

    let error = response.extensions_mut().remove::<ApiError>();
    if let (None, Some(caller)) = (&error, context.0.audited.get()) {
        response = audit::note(&state, &context, caller, &method, &route, &path, response).await;
    }
    let _in_request = span.enter();
    let code = error.as_ref().map(ApiError::code);
    if let Some(cause) = error.as_ref().and_then(ApiError::cause) {
        tracing::error!(code = %code.unwrap_or(ErrorCode::Internal), cause, "request failed");
    }
    if let Some(error) = error {
        let body = error.write(response.headers_mut(), context.language(), &context.0.request_id);
        *response.body_mut() = Body::from(body);
    }
    let inner = &context.0;
    if state.options.is_https_for_good() {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_FOR_A_YEAR);
    }
    add_headers(response.headers_mut(), inner, state.engine.clock().now());
    let (status, duration) = (response.status().as_u16(), started.elapsed());
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let key = inner.key.get().map(tracing::field::display);
    let job = inner.job.get().map(tracing::field::display);
    let code = code.map(ErrorCode::as_str);
    // Probes come every few seconds and say nothing.
    if matches!(route.as_str(), "/healthz" | "/readyz" | "/metrics") {
        tracing::debug!(%method, route, status, duration_ms, code, "answered");
    } else {
        tracing::info!(%method, route, status, duration_ms, code, key, job, "answered");
    }
    let labels =
        [("method", method_label(&method).to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("cetar_http_requests_total", &labels).increment(1);
    metrics::histogram!("cetar_http_request_duration_seconds", &labels).record(duration);
    response
}

/// Methods are free text to HTTP; a label must not be.
fn method_label(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn add_headers(headers: &mut HeaderMap, inner: &Inner, now: Timestamp) {
    // At once: a map that grows with each of them is moved as often.
    headers.reserve(12);
    if let Ok(id) = HeaderValue::from_str(&inner.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(admission) = inner.admission.get() {
        add_limit(headers, admission, now);
    }
}

/// `X-RateLimit-*` as the contract has it, and the pair of draft-ietf-httpapi-ratelimit-headers.
fn add_limit(headers: &mut HeaderMap, admission: &Admission, now: Timestamp) {
    let Admission { limit, remaining, reset_at, .. } = *admission;
    let mut number =
        |name, value: i64| headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    number("x-ratelimit-limit", limit.into());
    number("x-ratelimit-remaining", remaining.into());
    // Rounded up: at that second the request has left the window.
    number("x-ratelimit-reset", (reset_at.as_micros() + 999_999).div_euclid(1_000_000));
    let wait = whole_seconds(reset_at.since(now));
    let pair = [
        ("ratelimit-policy", format!(r#""default";q={limit};w=60"#)),
        ("ratelimit", format!(r#""default";r={remaining};t={wait}"#)),
    ];
    for (name, text) in pair {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Before any work for `/v1`: is there a place, and are we staying?
pub(crate) async fn admit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if state.options.stop.is_cancelled() {
        return ApiError::new(ErrorCode::ShuttingDown).into_response();
    }
    let Ok(place) = Arc::clone(&state.places).try_acquire_owned() else {
        return ApiError::new(ErrorCode::Overloaded).into_response();
    };
    let place = Admitted::new(place);
    request.extensions_mut().insert(place.clone());
    let response = next.run(request).await;
    place.give_back();
    response
}

pub(crate) async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound)
}

pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed)
}
