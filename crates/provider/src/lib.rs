//! The contract each network implements, and the guarded HTTP client.
//!
//! A provider knows one network and nothing of databases, queues or HTTP APIs of ours. It never retries, never sleeps to
//! wait for better times, never logs content or secrets. What it learns it tells its [`Host`]; where it keeps state, it
//! keeps it there too.

mod callback;
mod capabilities;
mod clock;
mod host;
pub mod http;
mod link;
mod session;
mod simulated;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use callback::{
    Arrival, CallbackRefused, CallbackRequest, Callbacks, Forwarded, MessageStatus, Watermark,
};
pub use capabilities::{
    ButtonLimits, Capabilities, CheckLimit, GroupPace, Length, Manners, MediaLimit, Pace, Part, Rate,
    Receives, Span, Typing, Unfit, Unit, types as media_types,
};
pub use clock::SystemClock;
pub use host::{
    ByteStream, Host, HostError, Inbound, InboundMessage, InboundReceipt, RenewedSetting, StateWrite,
    StoredMedia,
};
pub use link::{LinkError, LinkProcess, LinkStep, Linked};
pub use session::{
    Account, CheckError, DownloadError, IdentifyError, LinkRequest, NotLocated, NumberCheck, Outbound,
    Provider, Push, PushRefused, SavedState, Session, SessionEnd, SettingsError,
};
pub use simulated::{PersonAct, PlayError};

pub use cetar_model::{SendError, Sent};
