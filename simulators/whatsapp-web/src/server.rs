//! The listener, and the life of one socket.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_util::sync::CancellationToken;
use wacore_binary::builder::NodeBuilder;

use crate::log::{Event, Rule};
use crate::node::failure;
use crate::simulator::Shared;
use crate::stanza::Flow;
use crate::state::Outgoing;
use crate::wire::{Session, Wire, WireError};

/// The path of the chat socket.
pub(crate) const PATH: &str = "/ws/chat";

pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // A connection that is gone before it was accepted is nobody's concern.
        if let Ok((stream, _)) = accepted {
            // A server of messages writes small frames and keeps none back.
            let _the_client_sees_it_slow = stream.set_nodelay(true);
            shared.tasks.spawn(serve(shared.clone(), stream));
        }
    }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let served = async {
        until_stalled(&shared, false).await;
        match open(&shared, stream).await {
            Ok((session, handshake)) => admit(&shared, session, handshake).await,
            Err(error) => shared.with(|state| {
                if matches!(error, WireError::Handshake(_) | WireError::Header) {
                    state.violation(Rule::Noise, "a new connection", error.to_string());
                }
                state.log.push(Event::ConnectionRefused { reason: error.to_string() });
            }),
        }
    };
    tokio::select! {
        () = shared.stop.cancelled() => {}
        () = served => {}
    }
}

/// Waits until the server is stalled, or is not.
async fn until_stalled(shared: &Shared, wanted: bool) {
    // Fails only when the sender is gone, and `shared` holds it.
    let _ = shared.stalled.subscribe().wait_for(|stalled| *stalled == wanted).await.is_ok();
}

async fn open(
    shared: &Arc<Shared>,
    stream: TcpStream,
) -> Result<(Session, crate::wire::Handshake), WireError> {
    let (refuse, identity) = shared.read(|state| (state.faults.refuse_connections, state.identity.clone()));
    #[expect(clippy::result_large_err, reason = "the callback's type is the websocket library's")]
    let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let status = match request.uri().path() {
            _ if refuse => StatusCode::SERVICE_UNAVAILABLE,
            PATH => return Ok(response),
            _ => StatusCode::NOT_FOUND,
        };
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = status;
        Err(refusal)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, check).await.map_err(Box::new)?;
    Wire::new(socket).handshake(&identity).await
}

async fn admit(shared: &Arc<Shared>, mut session: Session, handshake: crate::wire::Handshake) {
    let (out, outgoing) = unbounded_channel();
    let kill = CancellationToken::new();
    match shared.with(|state| state.admit(&handshake, out, kill.clone())) {
        Ok(connection) => {
            let reason = talk(shared, &mut session, connection, outgoing, &kill).await;
            shared.with(|state| state.disconnected(connection, reason.text()));
            if !matches!(reason, End::Dropped) {
                session.close().await;
            }
        }
        Err(reason) => {
            let _ = session.send(&failure(reason)).await;
            session.close().await;
        }
    }
}

/// Why a conversation ended.
enum End {
    Closed,
    Dropped,
    Failed(WireError),
}

impl End {
    fn text(&self) -> String {
        match self {
            Self::Closed => "closed by the server".to_owned(),
            Self::Dropped => "dropped by a fault".to_owned(),
            Self::Failed(error) => error.to_string(),
        }
    }
}

async fn talk(
    shared: &Arc<Shared>,
    session: &mut Session,
    connection: u64,
    mut outgoing: UnboundedReceiver<Outgoing>,
    kill: &CancellationToken,
) -> End {
    loop {
        tokio::select! {
            biased;
            () = kill.cancelled() => return End::Dropped,
            () = until_stalled(shared, true) => {
                tokio::select! {
                    () = kill.cancelled() => return End::Dropped,
                    () = until_stalled(shared, false) => {}
                }
            }
            next = outgoing.recv() => match next {
                Some(Outgoing::Stanza(node)) => {
                    if let Err(error) = session.send(&node).await {
                        return End::Failed(error);
                    }
                }
                Some(Outgoing::Close) | None => return End::Closed,
            },
            received = session.receive() => match received {
                Ok(node) => {
                    if shared.with(|state| state.receive(connection, &node)) == Flow::Die {
                        return End::Dropped;
                    }
                }
                Err(error) => {
                    malformed(shared, session, connection, &error).await;
                    return End::Failed(error);
                }
            },
        }
    }
}

/// Bytes that are no stanza end the stream.
async fn malformed(shared: &Arc<Shared>, session: &mut Session, connection: u64, error: &WireError) {
    let rule = match error {
        WireError::Frame(_) => Rule::Noise,
        WireError::Stanza(_) => Rule::Stanza,
        _ => return,
    };
    shared.with(|state| {
        let by = state.name_of(connection);
        state.violation(rule, by, error.to_string());
    });
    let reason = NodeBuilder::new("xml-not-well-formed").build();
    let _ = session.send(&NodeBuilder::new("stream:error").children([reason]).build()).await;
}
