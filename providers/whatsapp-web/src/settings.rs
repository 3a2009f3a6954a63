//! What can be set, and the values WhatsApp makes sensible.

use std::{path::PathBuf, time::Duration};

/// The version of WhatsApp Web we present. It is given, never fetched: a start must not depend on another website.
/// Source: the default compiled into whatsapp-rust 0.7.0 (wacore, `Device::new`).
pub const WHATSAPP_WEB_VERSION: (u32, u32, u32) = (2, 3000, 1_042_742_319);

/// Settings of the provider; one for all its sessions.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder in which media lie while they are sealed and opened. Nothing in it has a name, and each file may be as large as a
    /// medium: a folder of ours on a disk, never the system's, which may be in memory or closed to us.
    pub temp: PathBuf,
    /// A larger medium that comes in is not read, in bytes.
    pub media_max_bytes: u64,
    /// Where WhatsApp's websocket is; `None` is WhatsApp itself. Configuration `whatsapp_web.url`, for the simulator.
    pub url: Option<String>,
    /// The version of WhatsApp Web we present; a newer one can be set when WhatsApp refuses this.
    pub version: (u32, u32, u32),
    /// How long a send waits for WhatsApp's acknowledgement, look-ups included.
    pub send_timeout: Duration,
    /// How long a medium may take, up or down.
    pub media_timeout: Duration,
    /// How the connection is watched.
    pub watch: Watch,
    /// How linking is bounded.
    pub linking: Linking,
    /// How long a message that could not be decrypted waits for its sender's repeat before it is told as unreadable.
    pub unreadable_after: Duration,
    /// How long a message that came a second time waits for its first copy to be committed before the connection is made anew, on
    /// which WhatsApp gives it again.
    pub doubted_for: Duration,
    /// How much WhatsApp may tell that is not committed yet, in events; beyond it nothing more is read from the connection
    /// until the database takes some of it. It is kept in memory, and lost if the process is killed then.
    pub unconfirmed_max: usize,
    /// How many one-time keys are kept on the server for people who write first.
    pub pre_keys: usize,
}

impl Settings {
    /// The usual ones, with media on their way in this folder.
    pub fn new(temp: PathBuf) -> Self {
        Self {
            temp,
            media_max_bytes: 100 * 1024 * 1024,
            url: None,
            version: WHATSAPP_WEB_VERSION,
            send_timeout: Duration::from_secs(20),
            media_timeout: Duration::from_mins(10),
            watch: Watch::default(),
            linking: Linking::default(),
            unreadable_after: Duration::from_mins(2),
            doubted_for: Duration::from_secs(15),
            unconfirmed_max: 1_000,
            // The library's 812 is what a browser uploads; a tenth suffices between two top-ups and links in a moment.
            pre_keys: 100,
        }
    }
}

/// How the connection is watched. whatsapp-rust pings too (every 15 to 30 s, dead after 20 s) but tells nobody; these
/// are tighter, so that what we report is never more than half a minute old.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// After so long without a frame we ask for one.
    pub silence: Duration,
    /// So long an answer may take. One missed answer makes the session `degraded`, the second rebuilds the connection.
    pub answer: Duration,
}

impl Default for Watch {
    fn default() -> Self {
        Self { silence: Duration::from_secs(15), answer: Duration::from_secs(8) }
    }
}

/// How linking is bounded. WhatsApp's own limits (six QR codes in 160 s, 180 s for a pairing code) come first.
#[derive(Debug, Clone, Copy)]
pub struct Linking {
    /// The whole of it, from the first connection to the first login.
    pub overall: Duration,
    /// From the phone's yes to the first login.
    pub finish: Duration,
    /// How many pairing codes are shown, one after the other, before it ends as expired.
    pub codes: u32,
}

impl Default for Linking {
    fn default() -> Self {
        Self { overall: Duration::from_mins(10), finish: Duration::from_mins(1), codes: 3 }
    }
}
