//! The socket, watched: every way a connection can end passes through here, so what we believe of it is what it is.
//!
//! whatsapp-rust tells about unexpected ends only, by an event that comes after its own cleaning up; a rebuilt connection
//! tells nothing. But whatever the reason, it closes its transport first.

use std::{
    io,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Uri, header};
use tokio::{net::TcpStream, sync::watch, task::JoinSet};
use tokio_websockets::{ClientBuilder, MaybeTlsStream, WebSocketStream};
use wacore::net::{Transport, TransportEvent, TransportFactory, WHATSAPP_WEB_ORIGIN, WHATSAPP_WEB_WS_URL};
use whatsapp_rust::{
    anyhow::{self, Context as _},
    async_channel,
    transport::{Connector, default_tls_connector, from_websocket},
};

use crate::debts::Debts;

/// A close frame into a dead connection may never be taken.
const FAREWELL: Duration = Duration::from_secs(3);

/// What is there of a connection. Connections are numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// None yet, or the last one ended.
    Closed,
    /// The last attempt to make one failed.
    Failed,
    /// A socket is open; not logged in.
    Open(u64),
    /// Logged in and ready to send.
    Ready(u64),
}

/// The state of the wire, for all who act on it.
#[derive(Debug, Clone)]
pub(crate) struct WireState(Arc<watch::Sender<Wire>>);

impl WireState {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Wire::Closed)))
    }

    pub(crate) fn now(&self) -> Wire {
        *self.0.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Wire> {
        self.0.subscribe()
    }

    /// The login is complete. Only an open connection can be ready: a late word about an ended one changes nothing.
    pub(crate) fn ready(&self) {
        self.0.send_if_modified(|wire| match *wire {
            Wire::Open(number) => {
                *wire = Wire::Ready(number);
                true
            }
            Wire::Closed | Wire::Failed | Wire::Ready(_) => false,
        });
    }

    fn is_up(&self, number: u64) -> bool {
        matches!(self.now(), Wire::Open(n) | Wire::Ready(n) if n == number)
    }

    pub(crate) fn opened(&self, number: u64) {
        self.0.send_replace(Wire::Open(number));
    }

    fn failed(&self) {
        self.0.send_replace(Wire::Failed);
    }

    pub(crate) fn closed(&self, number: u64) {
        self.0.send_if_modified(|wire| {
            let this = matches!(*wire, Wire::Open(n) | Wire::Ready(n) if n == number);
            if this {
                *wire = Wire::Closed;
            }
            this
        });
    }
}

/// The trusted roots and the TLS sessions to resume: one for all accounts of the process.
static TLS: LazyLock<Connector> = LazyLock::new(default_tls_connector);

/// Makes connections and says so.
pub(crate) struct WatchedFactory {
    url: String,
    wire: WireState,
    debts: Debts,
    count: AtomicU64,
}

impl WatchedFactory {
    pub(crate) fn new(url: Option<&str>, wire: WireState, debts: Debts) -> Self {
        let url = url.unwrap_or(WHATSAPP_WEB_WS_URL).to_owned();
        Self { url, wire, debts, count: AtomicU64::new(0) }
    }

    async fn connect(&self) -> anyhow::Result<WebSocketStream<MaybeTlsStream<TcpStream>>> {
        let uri: Uri = self.url.parse().context("not a URL")?;
        let tls = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            _ => anyhow::bail!("a URL of a websocket begins with wss:// or ws://"),
        };
        // In a URL an IPv6 address stands in brackets, with which it is not an address.
        let host = uri.host().context("the URL names no host")?.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let stream = dial(host, port).await?;
        let connector: &Connector = if tls { &TLS } else { &Connector::Plain };
        let stream = connector.wrap(host, stream).await?;
        let request = ClientBuilder::from_uri(uri.clone())
            .add_header(header::ORIGIN, HeaderValue::from_static(WHATSAPP_WEB_ORIGIN))?;
        Ok(request.connect_on(stream).await?.0)
    }
}

/// A connection on which each frame leaves when it is written. Without that the system keeps a small frame back while an earlier one
/// is unacknowledged (Nagle), and the peer delays its acknowledgement by up to 40 ms for something to send with it: every
/// message would wait for the receipt that was written before it.
async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[async_trait]
impl TransportFactory for WatchedFactory {
    async fn create_transport(
        &self,
    ) -> anyhow::Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>)> {
        // An attempt that is given up half-way (whatsapp-rust allows it 20 s) failed, too.
        let failure = FailUnlessDone { wire: &self.wire, done: false };
        let (transport, events) = from_websocket(self.connect().await?);
        failure.done();
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        self.wire.opened(number);
        let (to, paced) = async_channel::bounded(1);
        let mut reader = JoinSet::new();
        reader.spawn(read(events, to, self.debts.clone()));
        let watched = Watched { inner: transport, wire: self.wire.clone(), number, _reader: reader };
        Ok((Arc::new(watched), paced))
    }
}

/// Hands frames on, and none while too much is owed: then the socket fills up, and what WhatsApp has not sent it still has.
async fn read(
    events: async_channel::Receiver<TransportEvent>,
    to: async_channel::Sender<TransportEvent>,
    debts: Debts,
) {
    while let Ok(event) = events.recv().await {
        if matches!(event, TransportEvent::DataReceived(_)) {
            debts.bearable().await;
        }
        if to.send(event).await.is_err() {
            return;
        }
    }
}

struct FailUnlessDone<'a> {
    wire: &'a WireState,
    done: bool,
}

impl FailUnlessDone<'_> {
    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for FailUnlessDone<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.wire.failed();
        }
    }
}

struct Watched {
    inner: Arc<dyn Transport>,
    wire: WireState,
    number: u64,
    /// Ends with the connection.
    _reader: JoinSet<()>,
}

#[async_trait]
impl Transport for Watched {
    async fn send(&self, data: Bytes) -> anyhow::Result<()> {
        // Nothing goes out on a connection that was said to be closed, its farewell excepted.
        anyhow::ensure!(self.wire.is_up(self.number), "the connection is closed");
        self.inner.send(data).await
    }

    async fn disconnect(&self) {
        self.wire.closed(self.number);
        let _it_is_closed_either_way = tokio::time::timeout(FAREWELL, self.inner.disconnect()).await;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.wire.closed(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_word_about_an_ended_connection_changes_nothing() {
        let wire = WireState::new();
        wire.ready();
        assert_eq!(wire.now(), Wire::Closed);
        wire.opened(1);
        wire.ready();
        assert_eq!(wire.now(), Wire::Ready(1));
        wire.closed(1);
        wire.ready();
        assert_eq!(wire.now(), Wire::Closed);
        wire.opened(2);
        wire.closed(1);
        assert_eq!(wire.now(), Wire::Open(2));
    }

    #[tokio::test]
    async fn a_frame_does_not_wait_for_the_acknowledgement_of_the_one_before() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = dial(&address.ip().to_string(), address.port()).await.unwrap();
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_url_that_is_not_a_websockets_is_refused() {
        for (url, told) in [
            ("https://web.whatsapp.com/ws/chat", "a URL of a websocket begins with wss:// or ws://"),
            ("wss://web whatsapp", "not a URL"),
        ] {
            let wire = WireState::new();
            let factory = WatchedFactory::new(Some(url), wire.clone(), Debts::new(1));
            let error = factory.create_transport().await.map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), told, "{url}");
            assert_eq!(wire.now(), Wire::Failed);
        }
    }

    #[tokio::test]
    async fn a_failed_attempt_is_told() {
        let wire = WireState::new();
        // Port 9 of the loopback: nobody listens there.
        let factory = WatchedFactory::new(Some("ws://127.0.0.1:9/ws/chat"), wire.clone(), Debts::new(1));
        assert!(factory.create_transport().await.is_err());
        assert_eq!(wire.now(), Wire::Failed);
    }
}
