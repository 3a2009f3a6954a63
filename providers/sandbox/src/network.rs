//! What each channel's network can do and how it words its refusals: the simulated one must promise no more.

use cetar_model::{Channel, ContentKind, FailureCode, LinkMethod, Markup, MessageId, Receipt, SendError};
use cetar_provider::{ButtonLimits, Capabilities, CheckLimit, Length, MediaLimit, Receives, media_types};

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

/// The contract's types, on every channel.
const CONTENT: &[ContentKind] = &[
    ContentKind::Text,
    ContentKind::Image,
    ContentKind::Video,
    ContentKind::Document,
    ContentKind::Audio,
    ContentKind::Voice,
    ContentKind::Sticker,
    ContentKind::Button,
    ContentKind::Location,
    ContentKind::Contact,
    ContentKind::Reaction,
    ContentKind::Poll,
    ContentKind::Edited,
    ContentKind::Deleted,
];

/// Those of `/v1/meta/messages` besides.
const OFFICIAL_CONTENT: &[ContentKind] = &[
    ContentKind::Text,
    ContentKind::Image,
    ContentKind::Video,
    ContentKind::Document,
    ContentKind::Audio,
    ContentKind::Voice,
    ContentKind::Sticker,
    ContentKind::Button,
    ContentKind::Location,
    ContentKind::Contact,
    ContentKind::Reaction,
    ContentKind::Poll,
    ContentKind::Edited,
    ContentKind::Deleted,
    ContentKind::Template,
    ContentKind::Interactive,
    ContentKind::Seen,
];

const CAPTIONED: &[ContentKind] = &[ContentKind::Image, ContentKind::Video, ContentKind::Document];

/// What people can send on each network: as its provider tells of it, which a test of the binary, which sees both, holds together.
const FROM_WHATSAPP: Receives = Receives {
    content: &[
        ContentKind::Text,
        ContentKind::Button,
        ContentKind::Image,
        ContentKind::Video,
        ContentKind::Document,
        ContentKind::Audio,
        ContentKind::Voice,
        ContentKind::Sticker,
        ContentKind::Location,
        ContentKind::Contact,
        ContentKind::Reaction,
        ContentKind::Poll,
        ContentKind::PollVote,
        ContentKind::Edited,
        ContentKind::Deleted,
        ContentKind::Unsupported,
    ],
    captioned: CAPTIONED,
    groups: true,
    echoes: true,
    aliases: true,
};

const FROM_WHATSAPP_OFFICIAL: Receives = Receives {
    content: &[
        ContentKind::Text,
        ContentKind::Button,
        ContentKind::Image,
        ContentKind::Video,
        ContentKind::Document,
        ContentKind::Audio,
        ContentKind::Voice,
        ContentKind::Sticker,
        ContentKind::Location,
        ContentKind::Contact,
        ContentKind::Reaction,
        ContentKind::Edited,
        ContentKind::Deleted,
        ContentKind::Unsupported,
    ],
    ..FROM_WHATSAPP
};

const FROM_TELEGRAM: Receives = Receives {
    content: &[
        ContentKind::Text,
        ContentKind::Button,
        ContentKind::Image,
        ContentKind::Video,
        ContentKind::Document,
        ContentKind::Audio,
        ContentKind::Voice,
        ContentKind::Sticker,
        ContentKind::Location,
        ContentKind::Contact,
        ContentKind::Poll,
        ContentKind::Edited,
        ContentKind::Unsupported,
    ],
    captioned: &[
        ContentKind::Image,
        ContentKind::Video,
        ContentKind::Document,
        ContentKind::Audio,
        ContentKind::Voice,
    ],
    groups: true,
    echoes: false,
    aliases: false,
};

const FROM_MESSAGING: Receives = Receives {
    content: &[
        ContentKind::Text,
        ContentKind::Button,
        ContentKind::Image,
        ContentKind::Video,
        ContentKind::Document,
        ContentKind::Audio,
        ContentKind::Sticker,
        ContentKind::Location,
        ContentKind::Reaction,
        ContentKind::Edited,
        ContentKind::Deleted,
        ContentKind::Unsupported,
    ],
    captioned: &[ContentKind::Image, ContentKind::Video],
    groups: false,
    echoes: true,
    aliases: false,
};

/// Every kind of medium, with the largest picture, film or sound, and file.
const fn media(picture: u64, film: u64, other: u64) -> [MediaLimit; 6] {
    const fn of(kind: ContentKind, content_types: &'static [&'static str], max_bytes: u64) -> MediaLimit {
        MediaLimit { kind, content_types, max_bytes }
    }
    [
        of(ContentKind::Image, media_types::PICTURES, picture),
        of(ContentKind::Video, media_types::FILMS, film),
        of(ContentKind::Document, media_types::FILES, other),
        of(ContentKind::Audio, media_types::SOUNDS, film),
        of(ContentKind::Voice, media_types::SOUNDS, film),
        of(ContentKind::Sticker, media_types::STICKERS, 500 << 10),
    ]
}

/// Buttons of the contract; the lengths are those of the channel's own network.
const fn buttons(text: Length, label: usize, id: usize) -> ButtonLimits {
    ButtonLimits {
        text,
        title: Some(Length::characters(60)),
        footer: Some(Length::characters(60)),
        label: Length::characters(label),
        id: Length::bytes(id),
        code: Length::characters(256),
        urls: true,
        codes: true,
        mixed: true,
        media: true,
        best_effort: false,
        joined: false,
    }
}

const fn capabilities(
    text: Length,
    caption: Length,
    media: &'static [MediaLimit],
    buttons: ButtonLimits,
) -> Capabilities {
    Capabilities {
        content: CONTENT,
        text,
        caption,
        captioned: CAPTIONED,
        markups: &[],
        media,
        buttons: Some(buttons),
        check: None,
        typing: false,
        resend_is_safe: false,
        link_methods: &[],
        concurrency: 16,
        pace: None,
        window: None,
        human_agent: None,
        receives: FROM_MESSAGING,
    }
}

const MIB: u64 = 1 << 20;

const TELEGRAM_MUSIC: &[&str] = &["audio/mpeg", "audio/mp4", "audio/m4a"];
const TELEGRAM_VOICES: &[&str] = &["audio/ogg", "audio/mpeg", "audio/mp4", "audio/m4a"];

const TELEGRAM_MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: ContentKind::Image, content_types: media_types::PICTURES, max_bytes: 10 * MIB },
    MediaLimit { kind: ContentKind::Video, content_types: media_types::FILMS, max_bytes: 50 * MIB },
    MediaLimit { kind: ContentKind::Document, content_types: media_types::FILES, max_bytes: 50 * MIB },
    MediaLimit { kind: ContentKind::Audio, content_types: TELEGRAM_MUSIC, max_bytes: 50 * MIB },
    MediaLimit { kind: ContentKind::Voice, content_types: TELEGRAM_VOICES, max_bytes: 50 * MIB },
];

const WHATSAPP_MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: ContentKind::Image, content_types: media_types::PICTURES, max_bytes: 16 * MIB },
    MediaLimit { kind: ContentKind::Video, content_types: media_types::FILMS, max_bytes: 100 * MIB },
    MediaLimit { kind: ContentKind::Document, content_types: media_types::FILES, max_bytes: 100 * MIB },
    MediaLimit { kind: ContentKind::Audio, content_types: media_types::SOUNDS, max_bytes: 16 * MIB },
    MediaLimit { kind: ContentKind::Voice, content_types: media_types::SOUNDS, max_bytes: 16 * MIB },
];

/// As the provider of linked devices, but for its pace: a test of the binary, which sees both, holds them together.
static WHATSAPP: Network = Network {
    channel: Channel::Whatsapp,
    capabilities: Capabilities {
        content: &[
            ContentKind::Text,
            ContentKind::Button,
            ContentKind::Image,
            ContentKind::Video,
            ContentKind::Document,
            ContentKind::Audio,
            ContentKind::Voice,
        ],
        typing: true,
        check: Some(CheckLimit { per_minute: 20, per_day: 1000 }),
        resend_is_safe: true,
        link_methods: LinkMethod::ALL,
        receives: FROM_WHATSAPP,
        ..capabilities(
            Length::characters(65_536),
            Length::characters(1024),
            WHATSAPP_MEDIA,
            ButtonLimits {
                id: Length::characters(256),
                best_effort: true,
                ..buttons(Length::characters(1024), 25, 256)
            },
        )
    },
    reports_delivered: true,
    reports_read: true,
    not_registered: (FailureCode::RecipientNotOnWhatsapp, None),
    outside_window: None,
};

static WHATSAPP_OFFICIAL: Network = Network {
    channel: Channel::WhatsappOfficial,
    capabilities: Capabilities {
        content: OFFICIAL_CONTENT,
        receives: FROM_WHATSAPP_OFFICIAL,
        // With sound it follows as a second message.
        captioned: &[
            ContentKind::Image,
            ContentKind::Video,
            ContentKind::Document,
            ContentKind::Audio,
            ContentKind::Voice,
        ],
        ..capabilities(
            Length::characters(4096),
            Length::characters(1024),
            &media(5 * MIB, 16 * MIB, 100 * MIB),
            buttons(Length::characters(1024), 20, 256),
        )
    },
    reports_delivered: true,
    reports_read: true,
    not_registered: (FailureCode::RecipientNotOnWhatsapp, Some("131026")),
    outside_window: Some("131047"),
};

/// As the provider of bots: a test of the binary, which sees both, holds them together.
static TELEGRAM: Network = Network {
    channel: Channel::Telegram,
    capabilities: Capabilities {
        content: &[
            ContentKind::Text,
            ContentKind::Button,
            ContentKind::Image,
            ContentKind::Video,
            ContentKind::Document,
            ContentKind::Audio,
            ContentKind::Voice,
        ],
        captioned: &[
            ContentKind::Image,
            ContentKind::Video,
            ContentKind::Document,
            ContentKind::Audio,
            ContentKind::Voice,
        ],
        markups: Markup::ALL,
        typing: true,
        receives: FROM_TELEGRAM,
        check: Some(CheckLimit { per_minute: 600, per_day: 100_000 }),
        ..capabilities(
            Length::utf16(4096),
            Length::utf16(1024),
            TELEGRAM_MEDIA,
            ButtonLimits {
                title: Some(Length::utf16(256)),
                footer: Some(Length::utf16(256)),
                joined: true,
                ..buttons(Length::utf16(4096), 64, 256)
            },
        )
    },
    reports_delivered: false,
    reports_read: false,
    not_registered: (FailureCode::RejectedByNetwork, Some("400")),
    outside_window: None,
};

static MESSENGER: Network = Network {
    channel: Channel::Messenger,
    capabilities: capabilities(
        Length::characters(2000),
        Length::characters(2000),
        &media(8 * MIB, 25 * MIB, 25 * MIB),
        buttons(Length::characters(640), 20, 1000),
    ),
    reports_delivered: true,
    reports_read: true,
    not_registered: (FailureCode::RejectedByNetwork, Some("100/2018001")),
    outside_window: Some("10/2018278"),
};

static INSTAGRAM: Network = Network {
    channel: Channel::Instagram,
    capabilities: capabilities(
        Length::bytes(1000),
        Length::bytes(1000),
        &media(8 * MIB, 25 * MIB, 25 * MIB),
        buttons(Length::characters(640), 20, 1000),
    ),
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

/// "You may not write to strangers for a while": WhatsApp's 463.
pub(crate) fn restricted() -> SendError {
    refusal(
        FailureCode::AccountRestricted,
        Some("463"),
        "The simulated network has restricted this account, and this person has never written to it.",
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
