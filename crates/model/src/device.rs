//! A linked account and how it is, with evidence.

use serde::{Deserialize, Serialize};

use crate::{FailureCode, Language, Timestamp, channel::words};

words! {
    /// The state of a device. "Connected" means that a round trip was seen lately, not that a socket is open.
    pub enum DeviceState {
        /// Never linked.
        Unlinked = "unlinked",
        /// A QR or a pairing code is waiting to be used.
        Linking = "linking",
        /// Linked; the connection is being made or made again.
        Connecting = "connecting",
        /// A round trip was seen lately.
        Connected = "connected",
        /// The connection is there and does not answer.
        Degraded = "degraded",
        /// Works, but the network forbids first messages to strangers for a while.
        Restricted = "restricted",
        /// The network or its owner ended the link; it must be linked again.
        LoggedOut = "logged_out",
        /// Another process uses the same link; this one stands back.
        Replaced = "replaced",
        /// Stopped by its operator.
        Stopped = "stopped",
    }
}

impl DeviceState {
    /// Whether jobs may be sent now.
    pub const fn can_send(self) -> bool {
        matches!(self, Self::Connected | Self::Restricted)
    }

    /// Whether it was linked and still is, so that a send may be accepted and held.
    pub const fn is_linked(self) -> bool {
        match self {
            Self::Connecting
            | Self::Connected
            | Self::Degraded
            | Self::Restricted
            | Self::Replaced
            | Self::Stopped => true,
            Self::Unlinked | Self::Linking | Self::LoggedOut => false,
        }
    }
}

words! {
    /// Why a device is in its state, where the state alone does not say.
    pub enum DownReason {
        /// No connection to the network.
        Disconnected = "disconnected",
        /// Connected, but nothing comes back.
        NoAnswer = "no_answer",
        /// Unlinked from the phone, by us, or by the network.
        LoggedOut = "logged_out",
        /// Another process connected with the same link.
        ReplacedElsewhere = "replaced_elsewhere",
        /// The network restricted the account (WhatsApp 463).
        Restricted = "restricted",
        /// The network closed the account.
        Banned = "banned",
        /// A token is no longer accepted.
        CredentialsExpired = "credentials_expired",
        /// A token ends soon; until then all is well.
        CredentialsExpiring = "credentials_expiring",
        /// The account asks for a passkey, which only a browser can give.
        PasskeyRequired = "passkey_required",
        /// The QR or code was not used in time.
        LinkExpired = "link_expired",
        /// The account is linked already, as another device of the same workspace.
        AlreadyLinked = "already_linked",
        /// This version of the program is too old for the network.
        VersionOutdated = "version_outdated",
        /// Its operator stopped it.
        Paused = "paused",
        /// Another node has it.
        HeldByAnotherNode = "held_by_another_node",
    }
}

words! {
    /// What a person should do about it.
    pub enum NextAction {
        /// Nothing: it mends itself.
        Wait = "wait",
        /// Link it again.
        LinkAgain = "link_again",
        /// Finish linking in a browser, with the passkey.
        UsePasskey = "use_passkey",
        /// Stop the other process that uses the same link, then restart this device.
        StopOther = "stop_other",
        /// Give a fresh token.
        RenewCredentials = "renew_credentials",
        /// Write to known contacts only until the restriction ends.
        SlowDown = "slow_down",
        /// Install a newer version.
        Upgrade = "upgrade",
        /// Resume it.
        Resume = "resume",
    }
}

impl DownReason {
    /// What a person should do about it.
    pub const fn next_action(self) -> NextAction {
        match self {
            Self::Disconnected | Self::NoAnswer | Self::HeldByAnotherNode => NextAction::Wait,
            Self::LoggedOut | Self::LinkExpired | Self::AlreadyLinked | Self::Banned => NextAction::LinkAgain,
            Self::PasskeyRequired => NextAction::UsePasskey,
            Self::ReplacedElsewhere => NextAction::StopOther,
            Self::CredentialsExpired | Self::CredentialsExpiring => NextAction::RenewCredentials,
            Self::Restricted => NextAction::SlowDown,
            Self::VersionOutdated => NextAction::Upgrade,
            Self::Paused => NextAction::Resume,
        }
    }

    /// The same in words for a person.
    pub const fn message(self, language: Language) -> &'static str {
        match self {
            Self::Disconnected => language.pick(
                "Koneksi ke jaringan terputus; disambung ulang otomatis. Pesan menunggu, tidak hilang.",
                "The connection to the network is lost and is being made again. Messages wait; none is lost.",
            ),
            Self::NoAnswer => language.pick(
                "Jaringan tidak menjawab; koneksi dibangun ulang. Pesan menunggu, tidak hilang.",
                "The network does not answer; the connection is being rebuilt. Messages wait; none is lost.",
            ),
            Self::LoggedOut => language.pick(
                "Tautan device diakhiri. Tautkan lagi dengan QR atau kode.",
                "The link was ended. Link the device again by QR or code.",
            ),
            Self::ReplacedElsewhere => language.pick(
                "Proses lain memakai tautan yang sama. Hentikan proses itu, lalu restart device ini.",
                "Another process uses the same link. Stop it, then restart this device.",
            ),
            Self::Restricted => FailureCode::AccountRestricted.message(language),
            Self::Banned => language.pick(
                "Jaringan menutup akun ini. Periksa aplikasi di ponsel, lalu tautkan akun lain bila perlu.",
                "The network closed this account. Look at the phone's app; link another account if need be.",
            ),
            Self::CredentialsExpired => {
                language.pick("Token tidak diterima lagi. Berikan token baru.", "The token is no longer accepted. Give a fresh one.")
            }
            Self::CredentialsExpiring => language.pick(
                "Token segera berakhir; kapan tepatnya ada di credentials_expire_at. Berikan token baru sebelum itu. Sampai saat itu pesan tetap dikirim.",
                "The token ends soon; credentials_expire_at says when. Give a fresh one before that. Until then messages are sent.",
            ),
            Self::PasskeyRequired => language.pick(
                "Akun ini meminta passkey saat ditautkan. Selesaikan penautan lewat browser yang menyimpan passkey itu.",
                "This account asks for a passkey when linking. Finish linking in the browser that holds it.",
            ),
            Self::LinkExpired => language.pick(
                "QR atau kode tidak dipakai tepat waktu. Mulai penautan lagi.",
                "The QR or code was not used in time. Start linking again.",
            ),
            Self::AlreadyLinked => language.pick(
                "Akun ini sudah tertaut sebagai device lain di workspace ini. Pakai device itu, atau logout di sana dulu, lalu tautkan lagi. Di HP, hapus entri percobaan ini dari Perangkat tertaut.",
                "This account is linked already, as another device of this workspace. Use that one, or log it out there first and link again. On the phone, remove this attempt's entry from Linked devices.",
            ),
            Self::VersionOutdated => language.pick(
                "Jaringan menolak versi ini. Pasang versi cetar yang lebih baru.",
                "The network refuses this version. Install a newer cetar.",
            ),
            Self::Paused => language.pick("Device dijeda. Lanjutkan untuk mengirim.", "The device is paused. Resume it to send."),
            Self::HeldByAnotherNode => language.pick(
                "Device ini dijalankan node lain.",
                "Another node runs this device.",
            ),
        }
    }
}

words! {
    /// How a device is linked.
    pub enum LinkMethod {
        /// Scan a QR with the phone.
        Qr = "qr",
        /// Type an eight-character code into the phone.
        PairingCode = "pairing_code",
    }
}

words! {
    /// Whether a device keeps to its network's pace.
    pub enum PaceMode {
        /// It does.
        On = "on",
        /// It sends as fast as it can, and is what the network takes it for.
        Off = "off",
    }
}

/// How a device is now, and how we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The state.
    pub state: DeviceState,
    /// Why, where the state alone does not say.
    pub reason: Option<DownReason>,
    /// When the network last sent us anything.
    pub last_frame_at: Option<Timestamp>,
    /// When the network last answered something we sent.
    pub last_ack_at: Option<Timestamp>,
    /// When a restriction ends, if known.
    pub until: Option<Timestamp>,
    /// When the token ends, where there is one that ends and its network says when.
    pub credentials_until: Option<Timestamp>,
}

impl Health {
    /// A state with no evidence yet.
    pub const fn new(state: DeviceState, reason: Option<DownReason>) -> Self {
        Self { state, reason, last_frame_at: None, last_ack_at: None, until: None, credentials_until: None }
    }
}
