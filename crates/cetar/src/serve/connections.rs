//! Connections from outside: how many, how long one may take to say something, and how they end.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response},
};
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use super::tls::Tls;

/// Within this a TLS handshake must be done.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Within this a request's head must be there, counted from the connection's start or the answer before. So it also ends
/// connections that lie idle, and those that send a byte now and then.
const HEAD: Duration = Duration::from_secs(30);
/// Most bytes of a head.
const HEAD_BYTES: usize = 64 * 1024;
/// How often an HTTP/2 peer that is silent is asked for a sign of life, and how long it has.
const PING: Duration = Duration::from_secs(20);
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// After this much silence on a connection the system asks whether its peer is there …
const SILENT: Duration = Duration::from_mins(1);
/// … this often …
const ASKED_EVERY: Duration = Duration::from_secs(15);
/// … and this many times.
const ASKED: u32 = 4;
/// What was written and is not taken for this long never will be.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNREAD: Duration = Duration::from_mins(2);
/// After an error that is ours (no file descriptor left), so long until the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// The places there are.
#[derive(Clone)]
pub(super) struct Connections {
    places: Arc<Semaphore>,
    open: TaskTracker,
}

impl Connections {
    /// At most this many at once.
    pub(super) fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))), open: TaskTracker::new() }
    }

    /// Accepts until `stop`, then waits for the open ones to finish their requests.
    pub(super) async fn serve(
        self,
        listener: TcpListener,
        tls: Option<Arc<Tls>>,
        router: Router,
        stop: CancellationToken,
    ) {
        while let Some((stream, peer, place)) = self.accept(&listener, &stop).await {
            let (tls, router, stop) = (tls.clone(), router.clone(), stop.clone());
            self.open.spawn(async move {
                let _place = place;
                // Answers are written whole; waiting to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                notice_the_vanished(&stream);
                match tls {
                    None => http1(stream, peer, router, stop).await,
                    Some(tls) => encrypted(stream, peer, &tls, router, stop).await,
                }
            });
        }
        drop(listener);
        self.open.close();
        self.open.wait().await;
    }

    /// The next one, once there is a place for it.
    async fn accept(
        &self,
        listener: &TcpListener,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let next = async {
            let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
            loop {
                match listener.accept().await {
                    Ok((stream, peer)) => return Some((stream, peer, place)),
                    // The peer was gone before we looked.
                    Err(error) if is_the_peers(&error) => {}
                    Err(error) => {
                        tracing::error!(%error, "a connection could not be accepted");
                        sleep(PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            next = next => next,
        }
    }
}

/// Has the system ask a silent peer for a sign of life, and end the connection where none comes, or where nothing that was written is
/// taken: a peer that lost its power or its network says goodbye to nobody. Whatever waits for it then ends with an error.
fn notice_the_vanished(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let alive = TcpKeepalive::new().with_time(SILENT).with_interval(ASKED_EVERY).with_retries(ASKED);
    // A system that cannot do without.
    let _ = socket.set_tcp_keepalive(&alive);
    #[cfg(any(target_os = "android", target_os = "linux"))]
    let _ = socket.set_tcp_user_timeout(Some(UNREAD));
}

fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn encrypted(stream: TcpStream, peer: SocketAddr, tls: &Tls, router: Router, stop: CancellationToken) {
    let handshake = timeout(HANDSHAKE, tls.acceptor().accept(stream));
    let stream = tokio::select! {
        () = stop.cancelled() => return,
        done = handshake => match done {
            Ok(Ok(stream)) => stream,
            // Scanners and plain http on the TLS port: nothing to tell anyone.
            Ok(Err(error)) => return tracing::debug!(%error, "no TLS handshake"),
            Err(_) => return tracing::debug!("the TLS handshake took too long"),
        },
    };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    if is_http2 { http2(stream, peer, router, stop).await } else { http1(stream, peer, router, stop).await }
}

async fn http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) {
    let service = service_fn(move |request| answer(router.clone(), peer, request));
    let mut connection = pin!(
        conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        // How a connection ends is the peer's business.
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) {
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let service = service_fn(move |request| {
        seen.store(true, Ordering::Relaxed);
        answer(router.clone(), peer, request)
    });
    let mut connection = pin!(
        conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
            .serve_connection(TokioIo::new(stream), service)
    );
    // Pings begin after the preface; a peer that never sends one is shown out like a silent one on HTTP/1.
    let silent = async {
        sleep(HEAD).await;
        if asked.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = connection.as_mut() => {}
        () = silent => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

fn answer(
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Body>, std::convert::Infallible>> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A server with this many places; its address, and what stops it.
    async fn serve(places: usize) -> (SocketAddr, CancellationToken, TaskTracker) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let router = Router::new()
            .route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()));
        tasks.spawn(Connections::new(places).serve(listener, None, router, stop.clone()));
        tasks.close();
        (address, stop, tasks)
    }

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    /// Reads one answer, whose body is the address it went to.
    async fn answer(stream: &mut TcpStream) -> String {
        let (mut text, own) = (String::new(), stream.local_addr().unwrap().to_string());
        let mut buffer = [0; 1024];
        while !text.ends_with(&own) {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "it ended: {text}");
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        text
    }

    #[tokio::test]
    async fn the_caller_s_address_reaches_the_handlers() {
        let (address, _stop, _tasks) = serve(10).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ASK).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn who_finds_no_place_waits_until_one_is_free() {
        let (address, _stop, _tasks) = serve(1).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(ASK).await.unwrap();
        answer(&mut first).await;
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(ASK).await.unwrap();
        // The first goes on being served on its open connection, and the second is not.
        first.write_all(ASK).await.unwrap();
        answer(&mut first).await;
        let mut buffer = [0; 1];
        assert_eq!(second.try_read(&mut buffer).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(first);
        answer(&mut second).await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_or_too_slowly_is_shown_out() {
        let (address, _stop, _tasks) = serve(10).await;
        for beginning in [&b""[..], b"GET / HTTP/1.1\r\nHost"] {
            let begun = tokio::time::Instant::now();
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(beginning).await.unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            assert!(begun.elapsed() <= HEAD + Duration::from_secs(1), "{:?}", begun.elapsed());
        }
    }

    #[tokio::test]
    async fn a_peer_that_vanished_is_noticed_by_the_system() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        notice_the_vanished(&stream);
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), SILENT);
        #[cfg(any(target_os = "android", target_os = "linux"))]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNREAD));
    }

    #[tokio::test]
    async fn a_stop_ends_idle_connections() {
        let (address, stop, tasks) = serve(10).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ASK).await.unwrap();
        answer(&mut stream).await;
        stop.cancel();
        tasks.wait().await;
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        assert!(TcpStream::connect(address).await.is_err());
    }
}
