//! A stand-in for the WhatsApp Web server, for tests and local work only.
//!
//! It speaks the real protocol over a real websocket: Noise, WhatsApp's binary stanzas, linking by QR code and by
//! eight-character code, prekeys, device lists, offline queues, receipts. Behind it live simulated people whose
//! phones truly encrypt and decrypt with Signal, so a client that gets the cryptography wrong is not understood.
//! It refuses what the real server refuses and keeps a list of it: [`Simulator::violations`].
//!
//! A client must be built to accept any Noise root, because the real one's key is WhatsApp's.
//!
//! ```no_run
//! # async fn example(qr: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use cetar_simulator_whatsapp_web::Simulator;
//!
//! let simulator = Simulator::start().await;
//! let phone = simulator.phone("6281100000001"); // whose account the client is linked to
//! let peer = simulator.peer("6281200000002"); // somebody else
//! // ... the client connects to simulator.url() and shows a QR code ...
//! phone.scan(qr).await?;
//! // ... the client sends a message to the peer ...
//! assert_eq!(peer.next_message().await.text.as_deref(), Some("Halo!"));
//! peer.send_text(&phone, "Halo juga!").await;
//! assert!(simulator.violations().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! Groups are read by linked devices, not written to by them. Not simulated: broadcasts, channels, calls, history sync.

#![expect(
    clippy::unused_async,
    reason = "what a person does is awaited, whether or not there is something to wait for: tests need not know"
)]

mod account;
mod adv;
mod app_state;
mod buttons;
mod companion;
mod crypto;
mod directory;
mod faults;
mod group;
mod log;
mod login;
mod media;
pub mod message;
mod node;
mod noise;
mod number;
mod pairing;
mod peer;
mod people;
mod phone;
mod recovery;
mod server;
mod signal;
mod simulator;
mod stanza;
mod state;
mod wire;

pub use account::Received;
pub use buttons::{Press, ShownButton};
pub use faults::{Faults, Overlimit};
pub use group::Group;
pub use log::{Event, LogEntry, Rule, Violation};
pub use media::{MediaKind, SealedMedia};
pub use noise::NoisePattern;
pub use pairing::LinkRefused;
pub use peer::Peer;
pub use phone::Phone;
pub use simulator::Simulator;
/// A message as the protocol has it.
pub use waproto::whatsapp::Message;
