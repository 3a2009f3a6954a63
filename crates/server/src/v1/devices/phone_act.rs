//! What a simulated phone is told to do, from its fields: in the shape of the webhook that follows.

use std::time::Duration;

use cetar_engine::phone::{PhoneAct, Written};
use cetar_model::{Channel, Chat, Content, ContentKind, Disturbance, Media, MessageId, PhoneNumber};
use cetar_provider::{Capabilities, Receives};
use serde_json::Value;

use crate::{
    error::ApiError,
    input::{Fields, Problem, TextRule, recipient},
    v1::meta::content::{contacts, location},
};

/// The longest text.
const TEXT: TextRule = TextRule::upto(4096);
/// The longest id or name of a network's.
const NAME: TextRule = TextRule::upto(256);
/// The longest address.
const ADDRESS: usize = 2048;
/// Most contact cards.
const CARDS: usize = 100;
/// Most answers of a poll, as on WhatsApp.
const OPTIONS: usize = 12;
/// How long what passes lasts, unless it is said.
const LASTS: Duration = Duration::from_secs(30);
/// … at most.
const LASTS_AT_MOST: Duration = Duration::from_hours(24);

/// All there is to do, on whatever channel.
pub(crate) fn types() -> Vec<&'static str> {
    let written = ContentKind::ALL.iter().filter(|kind| kind_of(kind.as_str()).is_some());
    written.map(|kind| kind.as_str()).chain(Disturbance::ALL.iter().map(|what| what.as_str())).collect()
}

/// What people write; the other kinds are sent by programs alone.
fn kind_of(word: &str) -> Option<ContentKind> {
    word.parse()
        .ok()
        .filter(|kind| !matches!(kind, ContentKind::Template | ContentKind::Interactive | ContentKind::Seen))
}

/// What can happen to an account of this network: only one that a phone linked can be unlinked from it.
fn disturbances(network: &Capabilities) -> &'static [Disturbance] {
    if network.link_methods.is_empty() { &[Disturbance::Disconnected] } else { Disturbance::ALL }
}

/// Reads it, for a device of this channel and network.
pub(super) fn parse(
    fields: &Fields<'_>,
    channel: Channel,
    network: &Capabilities,
) -> Result<PhoneAct, ApiError> {
    let word = fields.peek("type").and_then(Value::as_str);
    let what: Option<Disturbance> = word.and_then(|word| word.parse().ok());
    let echo = fields.flag("echo").unwrap_or(false);
    if what.is_none() && !echo {
        fields.require("from");
    }
    // What is of no use to the type must still be what it says it is.
    let from = address(fields, channel, "from");
    fields.require("type");
    let kind =
        fields.raw_text("type").filter(|_| what.is_none()).and_then(|word| kind(fields, word, network));
    let to = address(fields, channel, "to");
    let place = Place { from: from.filter(|_| !echo), to, group: group(fields, channel) };
    let written = write(fields, echo, place, &network.receives, kind);
    let lasts = fields.seconds("seconds", Duration::from_secs(1), LASTS_AT_MOST).unwrap_or(LASTS);
    if let Some(what) = what
        && !disturbances(network).contains(&what)
    {
        fields.refuse("type", Problem::NotReceived { allowed: allowed(network) });
    }
    let act = match what {
        Some(what) => Some(PhoneAct::Disturb(what, lasts)),
        None => written.map(|written| PhoneAct::Write(Box::new(written))),
    };
    fields.complete(act)
}

/// The words of `type` for this network.
fn allowed(network: &Capabilities) -> Vec<String> {
    let written = network.receives.content.iter().map(|kind| kind.as_str());
    let disturbed = disturbances(network).iter().map(|what| what.as_str());
    written.chain(disturbed).map(str::to_owned).collect()
}

fn kind(fields: &Fields<'_>, word: &str, network: &Capabilities) -> Option<ContentKind> {
    let kind = kind_of(word);
    let there = kind.filter(|kind| network.receives.content.contains(kind));
    if there.is_none() {
        let allowed = allowed(network);
        let problem =
            if kind.is_some() { Problem::NotReceived { allowed } } else { Problem::Unknown { allowed } };
        fields.refuse("type", problem);
    }
    there
}

/// Who writes, and where.
struct Place {
    /// Nobody: the owner.
    from: Option<Chat>,
    /// To whom the owner writes.
    to: Option<Chat>,
    group: Option<Chat>,
}

fn write(
    fields: &Fields<'_>,
    echo: bool,
    place: Place,
    receives: &Receives,
    kind: Option<ContentKind>,
) -> Option<Written> {
    let Place { from, to, group } = place;
    if echo && kind.is_some() && !fields.has("group_id") {
        fields.require("to");
    }
    let from_alias = fields.flag("from_lid").unwrap_or(false);
    for (name, asked, there) in [
        ("echo", echo, receives.echoes),
        ("group_id", fields.has("group_id"), receives.groups),
        ("from_lid", from_alias, receives.aliases),
    ] {
        if asked && !there {
            fields.refuse(name, Problem::NotReceived { allowed: Vec::new() });
        }
    }
    let number = number(fields);
    let sender_name = fields.text("sender_name", NAME).map(str::to_owned);
    let button = fields.text("button_id", NAME).map(str::to_owned);
    let id = |name: &str| fields.parsed(name, || Problem::Id { prefix: MessageId::PREFIX });
    let (about, reply_to): (Option<MessageId>, Option<MessageId>) = (id("message_id"), id("reply_to"));
    let said = Said { button, about: about.map(|message| message.to_string()), ..Said::read(fields, kind) };
    let content = said.content(fields, kind?, receives)?;
    let is_group = group.is_some();
    let chat = group.or_else(|| if echo { to } else { from.clone() })?;
    Some(Written {
        from,
        from_alias: from_alias && !echo,
        number,
        sender_name,
        chat,
        group: is_group,
        content,
        reply_to,
    })
}

fn address(fields: &Fields<'_>, channel: Channel, name: &str) -> Option<Chat> {
    match recipient(channel, fields.raw_text(name)?) {
        Ok(chat) => Some(chat),
        Err(problem) => {
            fields.refuse(name, problem);
            None
        }
    }
}

/// The number behind an alias.
fn number(fields: &Fields<'_>) -> Option<Chat> {
    match PhoneNumber::parse(fields.raw_text("phone")?) {
        Ok(number) => Some(Chat::from(number)),
        Err(problem) => {
            fields.refuse("phone", Problem::Number(problem));
            None
        }
    }
}

/// `group_id`, as the channel names its groups.
fn group(fields: &Fields<'_>, channel: Channel) -> Option<Chat> {
    let text = fields.text("group_id", TextRule::upto(128))?;
    let is_one = match channel {
        Channel::Whatsapp => text
            .strip_suffix("@g.us")
            .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')),
        Channel::Telegram => text.starts_with('-') && recipient(channel, text).is_ok(),
        Channel::WhatsappOfficial | Channel::Messenger | Channel::Instagram => {
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@._-=+/".contains(&byte))
        }
    };
    if !is_one {
        fields.refuse("group_id", Problem::GroupId(channel));
        return None;
    }
    Some(Chat::new(text))
}

/// The fields that several types share.
#[derive(Default)]
struct Said {
    text: Option<String>,
    media: Option<Media>,
    button: Option<String>,
    about: Option<String>,
    kind_name: Option<String>,
    options: Vec<String>,
    several: bool,
}

impl Said {
    fn read(fields: &Fields<'_>, kind: Option<ContentKind>) -> Self {
        // Without an emoji a reaction is taken back.
        let rule = if kind == Some(ContentKind::Reaction) { TextRule::any(32) } else { TEXT };
        let poll = fields.object("poll");
        if kind != Some(ContentKind::Location) {
            fields.object("location");
        }
        if kind != Some(ContentKind::Contact) {
            fields.objects("contacts", CARDS);
        }
        Self {
            text: fields.text("text", rule).map(str::to_owned),
            media: fields.http_url("media_url", ADDRESS).map(Media::at),
            kind_name: fields.text("kind_name", TextRule::upto(64)).map(str::to_owned),
            options: poll.texts_of("options", OPTIONS, NAME),
            several: poll.flag("several").unwrap_or(false),
            ..Self::default()
        }
    }

    /// What the type makes of them; `None` if something is missing, which is noted.
    fn content(self, fields: &Fields<'_>, kind: ContentKind, receives: &Receives) -> Option<Content> {
        let Self { text, media, button, about, kind_name, options, several } = self;
        for name in needed(kind) {
            fields.require(name);
        }
        if media.is_some() && text.is_some() && carries(kind) && !receives.captioned.contains(&kind) {
            fields.refuse("text", Problem::NotReceived { allowed: Vec::new() });
        }
        Some(match kind {
            ContentKind::Text => Content::Text { text: text? },
            ContentKind::Button => {
                let id = button?;
                Content::ButtonPress { text: text.unwrap_or_else(|| id.clone()), id, message: about }
            }
            ContentKind::Image => Content::Image { media: media?, caption: text },
            ContentKind::Video => Content::Video { media: media?, caption: text },
            ContentKind::Document => Content::Document { media: media?, caption: text },
            ContentKind::Audio => Content::Audio { media: media?, caption: text, voice: false },
            ContentKind::Voice => Content::Audio { media: media?, caption: text, voice: true },
            ContentKind::Sticker => Content::Sticker { media: media? },
            ContentKind::Location => location(fields)?,
            ContentKind::Contact => contacts(fields)?,
            ContentKind::Reaction => Content::Reaction { message: about?, emoji: text.unwrap_or_default() },
            ContentKind::Poll => {
                if options.len() < 2 && fields.is_object("poll") {
                    fields.refuse("poll.options", Problem::TooFew { min: 2 });
                }
                Content::Poll { question: text?, options, several }
            }
            ContentKind::PollVote => Content::PollVote { message: about?, options },
            ContentKind::Edited => {
                Content::Edited { message: about?, content: Box::new(Content::Text { text: text? }) }
            }
            ContentKind::Deleted => Content::Deleted { message: about? },
            ContentKind::Unsupported => Content::Unsupported { kind: kind_name? },
            // `kind_of` names none of them.
            ContentKind::Template | ContentKind::Interactive | ContentKind::Seen => return None,
        })
    }
}

/// Whether it is a medium.
const fn carries(kind: ContentKind) -> bool {
    use ContentKind as K;
    matches!(kind, K::Image | K::Video | K::Document | K::Audio | K::Voice | K::Sticker)
}

/// What a type cannot be without.
const fn needed(kind: ContentKind) -> &'static [&'static str] {
    match kind {
        ContentKind::Text => &["text"],
        ContentKind::Button => &["button_id"],
        ContentKind::Reaction | ContentKind::PollVote | ContentKind::Deleted => &["message_id"],
        ContentKind::Edited => &["message_id", "text"],
        ContentKind::Poll => &["text", "poll"],
        ContentKind::Unsupported => &["kind_name"],
        kind if carries(kind) => &["media_url"],
        // A place and cards ask for themselves.
        _ => &[],
    }
}
