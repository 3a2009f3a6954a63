//! What each channel's network can do and how it words its refusals: the simulated one must promise no more.

use cetar_model::{Channel, ContentKind, FailureCode, LinkMethod, MessageId, Receipt, SendError};
use cetar_provider::Capabilities;

/// The properties of one channel's network.
pub(crate) struct Network {
    /// Which channel.
    pub(crate) channel: Channel,
    /// What it can carry.
    pub(crate) capabilities: Capabilities,
    /// It tells when a message has reached the phone.
    reports_delivered: bool,
    /// It tells when a message was opened.
    reports_read: bool,
    /// How it refuses someone who has no account: our code, and its own.
    not_registered: (FailureCode, Option<&'static str>),
    /// How it refuses a message outside the 24-hour window, where it has one.
    outside_window: Option<&'static str>,
}

/// The id a simulated network knows a message by. It follows from ours on every channel, so that a receipt can settle a
/// message whose acknowledgement was lost.
pub(crate) fn remote_id(message: &MessageId) -> String {
    format!("sandbox-{message}")
}

const fn capabilities(
    text_max: usize,
    resend_is_safe: bool,
    link_methods: &'static [LinkMethod],
) -> Capabilities {
    Capabilities { content: &[ContentKind::Text], text_max, resend_is_safe, link_methods, concurrency: 16 }
}

static WHATSAPP: Network = Network {
    channel: Channel::Whatsapp,
    capabilities: capabilities(65_536, true, LinkMethod::ALL),
    reports_delivered: true,
    reports_read: true,
    not_registered: (FailureCode::RecipientNotOnWhatsapp, None),
    outside_window: None,
};

static WHATSAPP_OFFICIAL: Network = Network {
    channel: Channel::WhatsappOfficial,
    capabilities: capabilities(4096, false, &[]),
    reports_delivered: true,
    reports_read: true,
    not_registered: (FailureCode::RecipientNotOnWhatsapp, Some("131026")),
    outside_window: Some("131047"),
};

static TELEGRAM: Network = Network {
    channel: Channel::Telegram,
    capabilities: capabilities(4096, false, &[]),
    reports_delivered: false,
    reports_read: false,
    not_registered: (FailureCode::RejectedByNetwork, Some("400")),
    outside_window: None,
};

static MESSENGER: Network = Network {
    channel: Channel::Messenger,
    capabilities: capabilities(2000, false, &[]),
    reports_delivered: true,
    reports_read: true,
    not_registered: (FailureCode::RejectedByNetwork, Some("100/2018001")),
    outside_window: Some("10/2018278"),
};

static INSTAGRAM: Network = Network {
    channel: Channel::Instagram,
    capabilities: capabilities(1000, false, &[]),
    reports_delivered: false,
    reports_read: true,
    not_registered: (FailureCode::RejectedByNetwork, Some("100/2534014")),
    outside_window: Some("10/2534022"),
};

impl Network {
    /// The network of a channel.
    pub(crate) fn of(channel: Channel) -> &'static Self {
        match channel {
            Channel::Whatsapp => &WHATSAPP,
            Channel::WhatsappOfficial => &WHATSAPP_OFFICIAL,
            Channel::Telegram => &TELEGRAM,
            Channel::Messenger => &MESSENGER,
            Channel::Instagram => &INSTAGRAM,
        }
    }

    /// Whether it gives this receipt.
    pub(crate) const fn reports(&self, receipt: Receipt) -> bool {
        match receipt {
            Receipt::Accepted | Receipt::Failed => true,
            Receipt::Delivered => self.reports_delivered,
            Receipt::Read => self.reports_read,
        }
    }

    /// "No such person."
    pub(crate) fn not_registered(&self) -> SendError {
        let (code, provider_code) = self.not_registered;
        refusal(code, provider_code, "The simulated person has no account on this network.")
    }

    /// "The window is shut", where there is one.
    pub(crate) fn outside_window(&self) -> Option<SendError> {
        let refuse = |code| {
            refusal(FailureCode::Outside24hWindow, Some(code), "The simulated person wrote too long ago.")
        };
        self.outside_window.map(refuse)
    }
}

/// A refusal for no reason a real network would give; the code says whose it is.
pub(crate) fn refused() -> SendError {
    refusal(
        FailureCode::RejectedByNetwork,
        Some("sandbox_refused"),
        "The simulated network refuses this recipient.",
    )
}

/// "I cannot carry that."
pub(crate) fn content_not_supported() -> SendError {
    refusal(FailureCode::ContentNotSupported, None, "This kind of content cannot be sent.")
}

fn refusal(code: FailureCode, provider_code: Option<&str>, detail: &str) -> SendError {
    SendError::Rejected {
        code,
        provider_code: provider_code.map(str::to_owned),
        detail: Some(detail.to_owned()),
    }
}
