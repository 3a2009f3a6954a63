//! One socket: websocket frames outside, WhatsApp's length-prefixed frames inside, Noise around each of them.

use futures::{SinkExt as _, StreamExt as _};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use wacore_binary::consts::WA_CONN_HEADER;
use wacore_binary::{Node, marshal};
use wacore_noise::framing::{FrameDecoder, encode_frame};

use crate::noise::{Established, HandshakeRefused, Next, ServerIdentity};

/// Announces routing information in front of the connection header: `ED 00 01`, three bytes of length, the data.
const EDGE_ROUTING: &[u8; 4] = b"ED\0\x01";

/// Why a connection ended.
#[derive(Debug, Error)]
pub(crate) enum WireError {
    #[error("the client closed the connection")]
    Closed,
    #[error("websocket: {0}")]
    Websocket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    #[error("the connection does not start with the WhatsApp header")]
    Header,
    #[error("handshake: {0}")]
    Handshake(#[from] HandshakeRefused),
    #[error("frame {0} does not authenticate")]
    Frame(u32),
    #[error("frame {0} is not a stanza")]
    Stanza(u32),
}

/// Bytes in and out, before there are keys.
pub(crate) struct Wire {
    socket: WebSocketStream<TcpStream>,
    frames: FrameDecoder,
}

impl Wire {
    pub(crate) fn new(socket: WebSocketStream<TcpStream>) -> Self {
        Self { socket, frames: FrameDecoder::new() }
    }

    /// Reads the connection header and answers the handshake.
    pub(crate) async fn handshake(
        mut self,
        identity: &ServerIdentity,
    ) -> Result<(Session, Handshake), WireError> {
        self.skip_header().await?;
        let hello = self.frame().await?;
        let greeting = identity.greet(&hello)?;
        self.send(&greeting.reply).await?;
        let established = match greeting.next {
            Next::Established(established) => *established,
            Next::AwaitFinish(state) => state.finish(&self.frame().await?)?,
        };
        let Established { read, write, client_static, payload, pattern } = established;
        let session = Session { wire: self, read, write, received: 0, sent: 0 };
        Ok((session, Handshake { client_static, payload, pattern }))
    }

    async fn skip_header(&mut self) -> Result<(), WireError> {
        let mut start = Vec::new();
        loop {
            let routing = if start.starts_with(EDGE_ROUTING) && start.len() >= 7 {
                7 + usize::from(start[4]) * 0x1_0000 + usize::from(start[5]) * 0x100 + usize::from(start[6])
            } else {
                0
            };
            if let Some(header) = start.get(routing..routing + 4)
                && !(routing == 0 && header == EDGE_ROUTING)
            {
                if header != WA_CONN_HEADER {
                    return Err(WireError::Header);
                }
                self.frames.feed(&start[routing + 4..]);
                return Ok(());
            }
            start.extend_from_slice(&self.message().await?);
        }
    }

    /// The next frame. May be dropped and called again: nothing is lost in between.
    async fn frame(&mut self) -> Result<Vec<u8>, WireError> {
        loop {
            if let Some(frame) = self.frames.decode_frame() {
                return Ok(frame.to_vec());
            }
            let bytes = self.message().await?;
            self.frames.feed(&bytes);
        }
    }

    async fn message(&mut self) -> Result<Vec<u8>, WireError> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes.to_vec()),
                Some(Ok(Message::Close(_))) | None => return Err(WireError::Closed),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Box::new(error).into()),
            }
        }
    }

    async fn send(&mut self, payload: &[u8]) -> Result<(), WireError> {
        // Only a payload of 16 MiB cannot be framed, and we write none.
        let frame = encode_frame(payload, None).unwrap_or_default();
        self.socket.send(Message::binary(frame)).await.map_err(|error| Box::new(error).into())
    }
}

/// Who is at the other end, as proven and as claimed.
pub(crate) struct Handshake {
    pub(crate) client_static: [u8; 32],
    pub(crate) payload: waproto::whatsapp::ClientPayload,
    pub(crate) pattern: crate::noise::NoisePattern,
}

/// Stanzas in and out. The counters are the nonces: a frame out of order does not decrypt.
pub(crate) struct Session {
    wire: Wire,
    read: wacore_noise::NoiseCipher,
    write: wacore_noise::NoiseCipher,
    received: u32,
    sent: u32,
}

impl Session {
    /// The next stanza. May be dropped and called again: nothing is lost in between.
    pub(crate) async fn receive(&mut self) -> Result<Node, WireError> {
        let mut frame = self.wire.frame().await?;
        let counter = self.received;
        self.received += 1;
        self.read
            .decrypt_in_place_with_counter(counter, &mut frame)
            .map_err(|_| WireError::Frame(counter))?;
        let stanza = wacore_binary::util::unpack(&frame).map_err(|_| WireError::Stanza(counter))?;
        let node = wacore_binary::marshal::unmarshal_ref(&stanza).map_err(|_| WireError::Stanza(counter))?;
        Ok(node.to_owned())
    }

    pub(crate) async fn send(&mut self, node: &Node) -> Result<(), WireError> {
        let counter = self.sent;
        self.sent += 1;
        let sealed = marshal(node)
            .ok()
            .and_then(|plain| self.write.encrypt_with_counter(counter, &plain).ok())
            .ok_or(WireError::Stanza(counter))?;
        self.wire.send(&sealed).await
    }

    /// Ends the stream politely, as the server does after a stream error.
    pub(crate) async fn close(mut self) {
        let _ = self.wire.socket.close(None).await;
    }
}
