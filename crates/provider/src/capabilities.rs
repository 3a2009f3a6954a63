//! What a network can carry, as data: used to refuse before queueing, to answer `GET /v1/devices/{id}/capabilities`, and to
//! write the table in the documentation. One place a network, and nothing that is not proven.

use std::time::Duration;

use cetar_model::{Button, Buttons, Chat, Content, ContentKind, LinkMethod, MAX_BUTTONS, Markup};

/// What a network can carry.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// Kinds of content that can be sent.
    pub content: &'static [ContentKind],
    /// Longest text.
    pub text: Length,
    /// Longest text below a medium.
    pub caption: Length,
    /// Kinds of media that carry one.
    pub captioned: &'static [ContentKind],
    /// Markup it reads in texts, captions and the text of buttons, where a message asks for it.
    pub markups: &'static [Markup],
    /// What can be sent of each kind of media. A kind of `content` that is media stands here.
    pub media: &'static [MediaLimit],
    /// What buttons can be; `None` where `content` has none.
    pub buttons: Option<ButtonLimits>,
    /// It can be asked whether a number has an account, this often.
    pub check: Option<CheckLimit>,
    /// It shows the other side that something is being written, where that is asked for.
    pub typing: bool,
    /// The network drops a repeat of the same message id, so an ambiguous attempt may be made again.
    pub resend_is_safe: bool,
    /// Ways to link; empty where settings suffice.
    pub link_methods: &'static [LinkMethod],
    /// Sends of one session that may be under way at once, each in a lane of its own.
    pub concurrency: usize,
    /// Free-form messages are only allowed this long after the other person last wrote; templates always are.
    pub window: Option<Duration>,
    /// … and this long with [`MessageTag::HumanAgent`](cetar_model::MessageTag); `None`: the network knows no such tag.
    pub human_agent: Option<Duration>,
    /// How fast one account may send; the engine keeps to it. `None`: as fast as it can.
    pub pace: Option<Pace>,
    /// What comes in.
    pub receives: Receives,
}

/// What can come in from a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receives {
    /// Kinds of content. Replies name what they answer on every network.
    pub content: &'static [ContentKind],
    /// Those of them that carry a caption.
    pub captioned: &'static [ContentKind],
    /// Messages of groups.
    pub groups: bool,
    /// What the owner writes elsewhere: on the account's own phone, or in the network's own inbox.
    pub echoes: bool,
    /// Senders whose number the network tells later, if at all.
    pub aliases: bool,
}

impl Receives {
    /// Nothing.
    pub const NOTHING: Self =
        Self { content: &[], captioned: &[], groups: false, echoes: false, aliases: false };
}

/// How fast one account may send. Whatever is sent counts, whether or not the network took it, from its start until a rate's span after
/// its answer: the network counted it at some moment between the two. A message that must wait for its turn waits in the queue, in
/// order, and loses no attempt.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// In all.
    pub account: Rate,
    /// To one chat.
    pub chat: Rate,
    /// To one group, besides `chat`; `None` where groups are chats like others.
    pub group: Option<GroupPace>,
    /// What is done besides, on a network that closes accounts which behave like machines; `None` where only its figures count.
    pub manners: Option<Manners>,
}

/// How an account behaves like a person's.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// From one message to the next, whoever they are for: at random within this.
    pub gap: Span,
    /// How typing is shown before a text.
    pub typing: Typing,
    /// First messages to people whom this account never wrote to and who never wrote to it, in any hour. Groups are not people.
    pub firsts_per_hour: usize,
    /// The same in any 24 hours.
    pub firsts_per_day: usize,
    /// From the start of one session to that of the next in one process: at random between half of it and one and a half.
    pub starts: Duration,
}

/// From the shortest to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The shortest.
    pub from: Duration,
    /// The longest; not less than `from`.
    pub to: Duration,
}

impl Span {
    /// A place within it, by a random number.
    pub fn at(self, random: u32) -> Duration {
        self.from + self.to.saturating_sub(self.from).mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

/// How typing is shown before a text.
#[derive(Debug, Clone, Copy)]
pub struct Typing {
    /// How long a character takes.
    pub character: Duration,
    /// No text takes less or more than this.
    pub within: Span,
}

impl Typing {
    /// How long a text of so many characters takes, up to a quarter more or less by a random number.
    pub fn of(&self, characters: usize, random: u32) -> Duration {
        let even = self.character.saturating_mul(u32::try_from(characters).unwrap_or(u32::MAX));
        let even = even.min(self.within.to);
        let around = Span { from: even.mul_f64(0.75), to: even.mul_f64(1.25) };
        around.at(random).clamp(self.within.from, self.within.to)
    }
}

/// A pace for some chats only.
#[derive(Debug, Clone, Copy)]
pub struct GroupPace {
    /// Tells those chats by their address.
    pub is_group: fn(&Chat) -> bool,
    /// Theirs.
    pub rate: Rate,
}

/// So many in any span of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many; at least one.
    pub most: usize,
    /// In any span of this length.
    pub per: Duration,
}

/// A most, in the unit the network counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// So many.
    pub max: usize,
    /// Of these.
    pub unit: Unit,
}

/// What networks count text in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Unicode scalar values.
    Characters,
    /// UTF-16 code units: an emoji is mostly two.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

impl Unit {
    /// The word in the API and the documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Utf16 => "utf16_units",
            Self::Bytes => "bytes",
        }
    }
}

impl Length {
    /// So many characters.
    pub const fn characters(max: usize) -> Self {
        Self { max, unit: Unit::Characters }
    }

    /// So many UTF-16 code units.
    pub const fn utf16(max: usize) -> Self {
        Self { max, unit: Unit::Utf16 }
    }

    /// So many bytes of UTF-8.
    pub const fn bytes(max: usize) -> Self {
        Self { max, unit: Unit::Bytes }
    }

    /// Whether the text is within it.
    pub fn fits(self, text: &str) -> bool {
        // No text has more characters or UTF-16 units than bytes: most are settled without counting.
        text.len() <= self.max
            || match self.unit {
                Unit::Characters => text.chars().count() <= self.max,
                Unit::Utf16 => text.encode_utf16().count() <= self.max,
                Unit::Bytes => false,
            }
    }
}

/// What can be sent of one kind of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaLimit {
    /// Which kind; `image` also says what may stand above buttons.
    pub kind: ContentKind,
    /// Media types, by content.
    pub content_types: &'static [&'static str],
    /// The largest, in bytes.
    pub max_bytes: u64,
}

/// What buttons can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about a network")]
pub struct ButtonLimits {
    /// The text above them.
    pub text: Length,
    /// The title; `None` where there is none.
    pub title: Option<Length>,
    /// The footer; `None` where there is none.
    pub footer: Option<Length>,
    /// What stands on one.
    pub label: Length,
    /// A quick reply's id.
    pub id: Length,
    /// What is copied.
    pub code: Length,
    /// Buttons that open a page are carried.
    pub urls: bool,
    /// Buttons that copy are carried.
    pub codes: bool,
    /// Of different kinds together.
    pub mixed: bool,
    /// A picture above them is carried.
    pub media: bool,
    /// The network does not promise to show them: use the fallback where it matters.
    pub best_effort: bool,
    /// Title, text and footer go out as one text with blank lines between, below a picture as its caption: `text` and
    /// [`Capabilities::caption`] limit the whole of it.
    pub joined: bool,
}

/// How often one account may ask whether numbers have an account, without looking like a harvester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckLimit {
    /// In any minute.
    pub per_minute: usize,
    /// In any 24 hours.
    pub per_day: usize,
}

/// One thing about a content that the network cannot carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// Not this kind at all; these it can carry.
    Kind {
        /// The kind asked for.
        kind: ContentKind,
        /// What to use instead.
        instead: &'static [ContentKind],
    },
    /// Longer than the network takes.
    TooLong {
        /// Which part.
        part: Part,
        /// The most it takes.
        most: Length,
    },
    /// The network has no such part: a footer, a caption below audio.
    NoPart(Part),
    /// Buttons of different kinds in one message.
    Mixed,
}

/// A part of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its text.
    Text,
    /// The text below a medium.
    Caption,
    /// The title above buttons.
    Title,
    /// The footer below buttons.
    Footer,
    /// The picture above buttons.
    Picture,
    /// A button of this number, from 0, as a whole: of a kind it does not carry.
    Button(usize),
    /// What stands on a button.
    Label(usize),
    /// A button's id.
    Id(usize),
    /// A button's code.
    Code(usize),
    /// How its text is marked up.
    Markup,
}

impl Capabilities {
    /// What of one kind of media can be sent.
    pub fn media(&self, kind: ContentKind) -> Option<&'static MediaLimit> {
        self.media.iter().find(|limit| limit.kind == kind)
    }

    /// Everything about a content that this network cannot carry, as far as it can be told without the bytes of its media.
    pub fn unfit(&self, content: &Content) -> Vec<Unfit> {
        if let Content::Formatted { markup, content } = content {
            let mut unfit = self.unfit(content);
            // What counts is the text without its markup, which only the network reads.
            let raw = |it: &Unfit| matches!(it, Unfit::TooLong { part: Part::Text | Part::Caption, .. });
            unfit.retain(|it| !raw(it));
            if !self.markups.contains(markup) {
                unfit.push(Unfit::NoPart(Part::Markup));
            }
            return unfit;
        }
        let kind = content.kind();
        // What only comes in is never sent, whatever the list says.
        let outgoing = !matches!(
            content,
            Content::ButtonPress { .. } | Content::PollVote { .. } | Content::Unsupported { .. }
        );
        if !outgoing || !self.content.contains(&kind) {
            return vec![Unfit::Kind { kind, instead: self.content }];
        }
        let mut unfit = Vec::new();
        match content {
            Content::Text { text } => too_long(&mut unfit, Part::Text, text, self.text),
            Content::Buttons(buttons) => match &self.buttons {
                Some(limits) => limits.unfit(buttons, self.caption, &mut unfit),
                None => unfit.push(Unfit::Kind { kind, instead: self.content }),
            },
            _ => {}
        }
        if let Some(caption) = content.caption() {
            if self.captioned.contains(&kind) {
                too_long(&mut unfit, Part::Caption, caption, self.caption);
            } else {
                unfit.push(Unfit::NoPart(Part::Caption));
            }
        }
        unfit
    }
}

impl ButtonLimits {
    fn unfit(&self, content: &Buttons, caption: Length, unfit: &mut Vec<Unfit>) {
        if self.joined {
            let most = if content.media.is_some() { caption } else { self.text };
            let parts = [content.title.as_deref(), Some(&content.text), content.footer.as_deref()];
            let whole = parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
            too_long(unfit, Part::Text, &whole, most);
        } else {
            too_long(unfit, Part::Text, &content.text, self.text);
        }
        for (part, text, limit) in
            [(Part::Title, &content.title, self.title), (Part::Footer, &content.footer, self.footer)]
        {
            match (text, limit) {
                (Some(text), Some(limit)) => too_long(unfit, part, text, limit),
                (Some(_), None) => unfit.push(Unfit::NoPart(part)),
                (None, _) => {}
            }
        }
        if content.media.is_some() && !self.media {
            unfit.push(Unfit::NoPart(Part::Picture));
        }
        for (at, button) in content.buttons.iter().take(MAX_BUTTONS).enumerate() {
            too_long(unfit, Part::Label(at), button.text(), self.label);
            match button {
                Button::Reply { id, .. } => too_long(unfit, Part::Id(at), id, self.id),
                Button::Url { .. } if !self.urls => unfit.push(Unfit::NoPart(Part::Button(at))),
                Button::Copy { .. } if !self.codes => unfit.push(Unfit::NoPart(Part::Button(at))),
                Button::Copy { code, .. } => too_long(unfit, Part::Code(at), code, self.code),
                Button::Url { .. } => {}
            }
        }
        let kind = std::mem::discriminant::<Button>;
        if !self.mixed && content.buttons.windows(2).any(|pair| kind(&pair[0]) != kind(&pair[1])) {
            unfit.push(Unfit::Mixed);
        }
    }
}

fn too_long(unfit: &mut Vec<Unfit>, part: Part, text: &str, most: Length) {
    if !most.fits(text) {
        unfit.push(Unfit::TooLong { part, most });
    }
}

/// The usual media types, for the tables of the providers.
pub mod types {
    /// The contract's pictures.
    pub const PICTURES: &[&str] = &["image/jpeg", "image/png"];
    /// The contract's films.
    pub const FILMS: &[&str] = &["video/mp4"];
    /// Sound that phones play.
    pub const SOUNDS: &[&str] =
        &["audio/mpeg", "audio/ogg", "audio/mp4", "audio/m4a", "audio/aac", "audio/amr", "audio/x-wav"];
    /// The contract's PDF, the usual office types, plain text, archives, and pictures and films sent as files. Web pages are
    /// not among them: behind a link that wants a sign-in there is one, and nobody means to send it.
    pub const FILES: &[&str] = &[
        "application/pdf",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        "application/rtf",
        "application/epub+zip",
        "application/zip",
        "text/plain",
        "text/csv",
        "image/jpeg",
        "image/png",
        "video/mp4",
    ];
    /// Stickers.
    pub const STICKERS: &[&str] = &["image/webp"];
}

#[cfg(test)]
mod tests {
    use cetar_model::Media;

    use super::*;

    const NETWORK: Capabilities = Capabilities {
        content: &[ContentKind::Text, ContentKind::Image, ContentKind::Audio, ContentKind::Button],
        text: Length::utf16(4),
        caption: Length::characters(3),
        captioned: &[ContentKind::Image],
        markups: &[Markup::Html],
        media: &[],
        buttons: Some(ButtonLimits {
            text: Length::characters(5),
            title: Some(Length::characters(3)),
            footer: None,
            label: Length::characters(4),
            id: Length::bytes(3),
            code: Length::characters(2),
            urls: true,
            codes: true,
            mixed: false,
            media: false,
            best_effort: false,
            joined: false,
        }),
        check: None,
        typing: false,
        resend_is_safe: false,
        link_methods: &[],
        concurrency: 1,
        pace: None,
        window: None,
        human_agent: None,
        receives: Receives::NOTHING,
    };

    #[test]
    fn a_random_time_stays_within_its_span() {
        let millis = Duration::from_millis;
        let span = Span { from: millis(100), to: millis(300) };
        assert_eq!((span.at(0), span.at(u32::MAX)), (millis(100), millis(300)));
        assert!((millis(199)..=millis(201)).contains(&span.at(u32::MAX / 2)));
        let typing = Typing { character: millis(10), within: span };
        for (characters, least, most) in
            [(0, 100, 100), (20, 150, 250), (29, 217, 300), (usize::MAX, 225, 300)]
        {
            let of = |random| typing.of(characters, random).as_millis();
            assert_eq!((of(0), of(u32::MAX)), (least, most), "{characters}");
        }
    }

    #[test]
    fn a_length_counts_in_its_own_unit() {
        for (text, characters, utf16, bytes) in [("abc", 3, 3, 3), ("é", 1, 1, 2), ("👍", 1, 2, 4)] {
            for (length, exact) in [
                (Length::characters as fn(usize) -> Length, characters),
                (Length::utf16, utf16),
                (Length::bytes, bytes),
            ] {
                assert!(length(exact).fits(text) && !length(exact - 1).fits(text), "{text}");
            }
        }
    }

    #[test]
    fn what_goes_out_as_one_text_is_measured_as_one() {
        let limits =
            ButtonLimits { joined: true, media: true, text: Length::utf16(11), ..NETWORK.buttons.unwrap() };
        let network = Capabilities { buttons: Some(limits), caption: Length::utf16(5), ..NETWORK };
        let of = |text: &str, media| {
            let button = Button::Reply { id: "1".into(), text: "1".into() };
            let (title, text, buttons) = (Some("ABC".into()), text.into(), vec![button]);
            network.unfit(&Content::Buttons(Buttons { title, text, footer: None, buttons, media }))
        };
        let long = |most| [Unfit::TooLong { part: Part::Text, most: Length::utf16(most) }];
        assert_eq!(of("123456", None), []);
        assert_eq!(of("1234567", None), long(11));
        let picture = Some(Media::at("https://contoh.com/a.jpg"));
        assert_eq!(of("1", picture), long(5));
    }

    #[test]
    fn markup_is_carried_where_it_is_read_and_does_not_count() {
        let marked_up = |markup, content| Content::Formatted { markup, content: Box::new(content) };
        let text = || Content::Text { text: "<b>1234</b>".into() };
        assert_eq!(NETWORK.unfit(&marked_up(Markup::Html, text())), []);
        let no_markup = [Unfit::NoPart(Part::Markup)];
        assert_eq!(NETWORK.unfit(&marked_up(Markup::MarkdownV2, text())), no_markup);
        let media = Media::at("https://contoh.com/a");
        let sound = Content::Audio { media, caption: Some("<i>a</i>".into()), voice: false };
        assert_eq!(NETWORK.unfit(&marked_up(Markup::Html, sound)), [Unfit::NoPart(Part::Caption)]);
    }

    #[test]
    fn every_thing_that_does_not_fit_is_named() {
        let reply = |id: &str, text: &str| Button::Reply { id: id.into(), text: text.into() };
        let buttons = Content::Buttons(Buttons {
            title: Some("PROMO".into()),
            text: "Mau?".into(),
            footer: Some("x".into()),
            buttons: vec![reply("YA", "Ya, mau"), Button::Copy { text: "Kode".into(), code: "P50".into() }],
            media: Some(Media::at("https://contoh.com/a.jpg")),
        });
        let long = |part, most| Unfit::TooLong { part, most };
        assert_eq!(
            NETWORK.unfit(&buttons),
            [
                long(Part::Title, Length::characters(3)),
                Unfit::NoPart(Part::Footer),
                Unfit::NoPart(Part::Picture),
                long(Part::Label(0), Length::characters(4)),
                long(Part::Code(1), Length::characters(2)),
                Unfit::Mixed,
            ]
        );
        let media = || Media::at("https://contoh.com/a");
        let audio = Content::Audio { media: media(), caption: Some("x".into()), voice: false };
        assert_eq!(NETWORK.unfit(&audio), [Unfit::NoPart(Part::Caption)]);
        let image = Content::Image { media: media(), caption: Some("👍👍👍".into()) };
        assert_eq!(NETWORK.unfit(&image), []);
        let text = Content::Text { text: "👍👍👍".into() };
        assert_eq!(NETWORK.unfit(&text), [long(Part::Text, Length::utf16(4))]);
        let video = Content::Video { media: media(), caption: None };
        let instead = NETWORK.content;
        assert_eq!(NETWORK.unfit(&video), [Unfit::Kind { kind: ContentKind::Video, instead }]);
        let press = Content::ButtonPress { id: "YA".into(), text: "Ya".into(), message: None };
        assert_eq!(NETWORK.unfit(&press), [Unfit::Kind { kind: ContentKind::Button, instead }]);
    }
}
