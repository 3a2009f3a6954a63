//! The HTTPS servers media go to and come from.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::server::TlsStream;

use super::MediaKind;
use crate::log::{Event, Rule};
use crate::simulator::Shared;

/// Serves until the simulator stops.
pub(crate) fn serve(shared: &Arc<Shared>, listener: TcpListener) -> io::Result<()> {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
        .map_err(io::Error::other)?;
    let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der()).into();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config.with_no_client_auth().with_single_cert(vec![certificate.cert.der().clone()], key)
        })
        .map_err(io::Error::other)?;
    let listener = Tls { listener, acceptor: TlsAcceptor::from(Arc::new(config)) };
    let router = Router::new()
        .route("/mms/{kind}/{token}", post(upload))
        .route("/v/{kind}/{name}", get(download))
        .layer(DefaultBodyLimit::disable())
        .with_state(shared.clone());
    let stop = shared.stop.clone();
    shared.tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            // It ends only when the listener does.
            _ended = axum::serve(listener, router).into_future() => {}
        }
    });
    Ok(())
}

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            // A connection that is gone, or does not agree on TLS, is nobody's concern.
            if let Ok((stream, address)) = self.listener.accept().await
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// What stands behind the question mark.
struct Asked(Vec<(String, String)>);

impl Asked {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }
}

async fn upload(
    State(shared): State<Arc<Shared>>,
    Path((kind, token)): Path<(String, String)>,
    Query(asked): Query<Vec<(String, String)>>,
    blob: Bytes,
) -> Response {
    let asked = Asked(asked);
    shared.with(|state| {
        if let Some(status) = state.faults.refuse_uploads {
            state.log.push(Event::Fault { fault: "refuse_uploads" });
            return StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY).into_response();
        }
        if asked.get("auth") != Some(state.media.auth.as_str()) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        if asked.get("resume").is_some() {
            // Nothing of it is here yet.
            return axum::Json(serde_json::json!({})).into_response();
        }
        let hash = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &blob));
        let bad = if MediaKind::of_name(&kind).is_none() {
            Some(format!("a kind of media that is not simulated: {kind}"))
        } else if token != hash || asked.get("token") != Some(hash.as_str()) {
            Some("the token is not the hash of what was uploaded".to_owned())
        } else {
            None
        };
        if let Some(detail) = bad {
            state.violation(Rule::Media, "an upload", detail);
            return StatusCode::BAD_REQUEST.into_response();
        }
        state.log.push(Event::MediaUploaded { kind: kind.clone(), size: blob.len() });
        state.media.uploads += 1;
        let direct_path = state.media.keep(&kind, blob.to_vec());
        let url = format!("https://{}{direct_path}", state.media.host);
        axum::Json(serde_json::json!({ "url": url, "direct_path": direct_path })).into_response()
    })
}

async fn download(
    State(shared): State<Arc<Shared>>,
    Path((kind, name)): Path<(String, String)>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Response {
    let asked = Asked(asked);
    shared.with(|state| {
        if let Some(status) = state.faults.refuse_downloads {
            state.log.push(Event::Fault { fault: "refuse_downloads" });
            return StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY).into_response();
        }
        if asked.get("auth") != Some(state.media.auth.as_str()) {
            return StatusCode::FORBIDDEN.into_response();
        }
        match state.media.blobs.get(&format!("/v/{kind}/{name}")) {
            Some(blob) => blob.clone().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    })
}
