//! What an inbound message says.
//!
//! `info.type` of an inbound message is not to be trusted (it was an empty string when probed): what a message is, its
//! protobuf says.

use cetar_model::{Card, Content, Coordinate, Location, Media, MediaSource};
use waproto::whatsapp::{
    self as wa,
    message::{
        AudioMessage, ContactMessage, DocumentMessage, ImageMessage, PlaceholderMessage, PollCreationMessage,
        ProtocolMessage, StickerMessage, VideoMessage,
        interactive_response_message::InteractiveResponseMessage, protocol_message::Type as ProtocolType,
    },
};
use whatsapp_rust::{buffa::MessageField, download::MediaType};

use crate::media::Reference;

/// What an inbound message is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Somebody's message.
    Says {
        /// What it says.
        content: Box<Content>,
        /// WhatsApp's id of the message it answers.
        reply_to: Option<String>,
    },
    /// Somebody's, of a kind that is newer than the protobuf definitions here: decoding leaves nothing of it.
    Unknown,
    /// Machinery between clients; nobody's message.
    Noise,
}

/// Reads a message.
pub(crate) fn meaning(message: &wa::Message) -> Meaning {
    let message = unwrap(message);
    match content(message) {
        Some(content) => {
            let says_what_it_is_about = matches!(content, Content::ButtonPress { .. });
            let answers = context(message).and_then(|context| context.stanza_id.clone());
            let reply_to = answers.filter(|id| !says_what_it_is_about && !id.is_empty());
            Meaning::Says { content: Box::new(content), reply_to }
        }
        None if is_machinery(message) => Meaning::Noise,
        None => Meaning::Unknown,
    }
}

/// Whether a message that says nothing is known to be one that says nothing.
fn is_machinery(message: &wa::Message) -> bool {
    message.conversation.is_some() || message.protocol_message.is_set() || carries_keys(message)
}

/// Keys and notices that travel between clients, alone or beside a message. Of an album it says how many pictures follow; each of
/// them is a message of its own.
fn carries_keys(message: &wa::Message) -> bool {
    message.sender_key_distribution_message.is_set()
        || message.fast_ratchet_key_sender_key_distribution_message.is_set()
        || message.group_root_key_share.is_set()
        || message.root_secret_distribute_message.is_set()
        || message.sticker_sync_rmr_message.is_set()
        || message.message_history_bundle.is_set()
        || message.album_message.is_set()
}

/// Stands for a message whose keys are used up and whose text is nowhere. A network's own placeholder names its type.
pub(crate) fn missed() -> wa::Message {
    wa::Message {
        placeholder_message: MessageField::some(PlaceholderMessage::default()),
        ..Default::default()
    }
}

/// Whether this is [`missed`].
pub(crate) fn is_missed(message: &wa::Message) -> bool {
    message.placeholder_message.as_option().is_some_and(|placeholder| placeholder.r#type.is_none())
}

/// What it says; `None` if nothing is left that says anything.
type Found = Option<Content>;

fn unsupported(kind: &str) -> Found {
    Content::Unsupported { kind: kind.to_owned() }.into()
}

/// Takes off the wrappers that say how a message is shown and not what it says, in whatever order they come.
fn unwrap(message: &wa::Message) -> &wa::Message {
    /// Deeper than any client nests; a bound, so that a crafted message ends.
    const DEPTH: usize = 8;
    let mut current = message;
    for _ in 0..DEPTH {
        let inner = current.device_sent_message.as_option().and_then(|wrapper| wrapper.message.as_option());
        let inner = inner.or_else(|| {
            [
                &current.ephemeral_message,
                &current.view_once_message,
                &current.view_once_message_v2,
                &current.view_once_message_v2_extension,
                &current.document_with_caption_message,
                &current.edited_message,
                &current.group_mentioned_message,
                &current.limit_sharing_message,
                &current.spoiler_message,
            ]
            .into_iter()
            .find_map(|wrapper| wrapper.as_option().and_then(|wrapper| wrapper.message.as_option()))
        });
        match inner {
            Some(inner) => current = inner,
            None => break,
        }
    }
    current
}

fn content(message: &wa::Message) -> Found {
    if let Some(text) = filled(message.conversation.as_ref()) {
        return Content::Text { text }.into();
    }
    if let Some(extended) = message.extended_text_message.as_option() {
        return filled(extended.text.as_ref())
            .map_or_else(|| unsupported("text"), |text| Content::Text { text }.into());
    }
    if let Some(protocol) = message.protocol_message.as_option() {
        return of_protocol(protocol);
    }
    medium(message)
        .or_else(|| press(message))
        .or_else(|| place_or_card(message))
        .or_else(|| about_another(message))
        .or_else(|| kind(message))
}

fn filled(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// A message was changed or taken back; the rest of this kind is keys, history, settings, requests between the account's
/// own devices.
fn of_protocol(protocol: &ProtocolMessage) -> Found {
    let target = protocol.key.as_option().and_then(|key| filled(key.id.as_ref()));
    match (protocol.r#type, target) {
        (Some(ProtocolType::REVOKE), Some(message)) => Content::Deleted { message }.into(),
        (Some(ProtocolType::REVOKE), None) => unsupported("revoke"),
        (Some(ProtocolType::MESSAGE_EDIT), Some(message)) => {
            let now = protocol.edited_message.as_option().map(|edited| content(unwrap(edited)));
            match now {
                // An edit holds a message, never another edit.
                Some(Some(Content::Edited { .. } | Content::Deleted { .. }) | None) | None => {
                    unsupported("edit")
                }
                Some(Some(now)) => Content::Edited { message, content: Box::new(now) }.into(),
            }
        }
        (Some(ProtocolType::MESSAGE_EDIT), None) => unsupported("edit"),
        (Some(ProtocolType::SHARE_PHONE_NUMBER), _) => unsupported("phone_number"),
        _ => None,
    }
}

/// Pictures, films, sounds, files, stickers: those whose bytes can be asked for.
fn medium(message: &wa::Message) -> Option<Content> {
    if let Some(image) = message.image_message.as_option() {
        return Some(Content::Image { media: image_media(image)?, caption: filled(image.caption.as_ref()) });
    }
    if let Some(video) = message.video_message.as_option().or_else(|| message.ptv_message.as_option()) {
        return Some(Content::Video { media: video_media(video)?, caption: filled(video.caption.as_ref()) });
    }
    if let Some(audio) = message.audio_message.as_option() {
        let voice = audio.ptt == Some(true);
        return Some(Content::Audio { media: audio_media(audio)?, caption: None, voice });
    }
    if let Some(document) = message.document_message.as_option() {
        let caption = filled(document.caption.as_ref());
        return Some(Content::Document { media: document_media(document)?, caption });
    }
    let sticker = message.sticker_message.as_option().or_else(|| {
        let lottie = message.lottie_sticker_message.as_option()?.message.as_option()?;
        lottie.sticker_message.as_option()
    })?;
    Some(Content::Sticker { media: sticker_media(sticker)? })
}

macro_rules! media {
    ($message:expr, $kind:expr) => {{
        let it = $message;
        let reference = Reference {
            kind: $kind,
            path: it.direct_path.clone()?,
            key: it.media_key.clone()?,
            cipher_sha256: it.file_enc_sha256.clone()?,
            sha256: it.file_sha256.clone()?,
            size: it.file_length,
        };
        Media {
            content_type: filled(it.mimetype.as_ref()),
            size: it.file_length,
            ..Media::of(MediaSource::Network(reference.to_text()?))
        }
    }};
}

fn image_media(it: &ImageMessage) -> Option<Media> {
    Some(Media { width: it.width, height: it.height, ..media!(it, MediaType::Image) })
}

fn video_media(it: &VideoMessage) -> Option<Media> {
    Some(Media { width: it.width, height: it.height, seconds: it.seconds, ..media!(it, MediaType::Video) })
}

fn audio_media(it: &AudioMessage) -> Option<Media> {
    Some(Media { seconds: it.seconds, ..media!(it, MediaType::Audio) })
}

fn document_media(it: &DocumentMessage) -> Option<Media> {
    let file_name = filled(it.file_name.as_ref()).or_else(|| filled(it.title.as_ref()));
    Some(Media { file_name, ..media!(it, MediaType::Document) })
}

fn sticker_media(it: &StickerMessage) -> Option<Media> {
    Some(Media { width: it.width, height: it.height, ..media!(it, MediaType::Sticker) })
}

/// A button was pressed. Newer phones answer a native flow, with the button's id in a JSON of parameters; older ones, and those
/// that were shown the older kinds of buttons, name it outright.
fn press(message: &wa::Message) -> Option<Content> {
    let about = |context: &MessageField<wa::ContextInfo>| {
        context.as_option().and_then(|context| filled(context.stanza_id.as_ref()))
    };
    if let Some(answer) = message.interactive_response_message.as_option() {
        let Some(InteractiveResponseMessage::NativeFlowResponseMessage(flow)) =
            &answer.interactive_response_message
        else {
            return None;
        };
        let params: serde_json::Value = serde_json::from_str(flow.params_json.as_deref()?).ok()?;
        let param = |name: &str| params[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let body = answer.body.as_option().and_then(|body| filled(body.text.as_ref()));
        let id = param("id")?;
        let text = body.or_else(|| param("display_text")).or_else(|| param("title"));
        let text = text.unwrap_or_else(|| id.clone());
        return Some(Content::ButtonPress { id, text, message: about(&answer.context_info) });
    }
    if let Some(answer) = message.buttons_response_message.as_option() {
        use waproto::whatsapp::message::buttons_response_message::Response;
        let id = filled(answer.selected_button_id.as_ref())?;
        let text = match &answer.response {
            Some(Response::SelectedDisplayText(text)) => filled(Some(text)),
            None => None,
        };
        let text = text.unwrap_or_else(|| id.clone());
        return Some(Content::ButtonPress { id, text, message: about(&answer.context_info) });
    }
    let answer = message.template_button_reply_message.as_option()?;
    let id = filled(answer.selected_id.as_ref())?;
    let text = filled(answer.selected_display_text.as_ref()).unwrap_or_else(|| id.clone());
    Some(Content::ButtonPress { id, text, message: about(&answer.context_info) })
}

fn place_or_card(message: &wa::Message) -> Option<Content> {
    if let Some(place) = message.location_message.as_option() {
        return Some(Content::Location(Location {
            latitude: Coordinate::from_degrees(place.degrees_latitude?)?,
            longitude: Coordinate::from_degrees(place.degrees_longitude?)?,
            name: filled(place.name.as_ref()),
            address: filled(place.address.as_ref()),
        }));
    }
    if let Some(place) = message.live_location_message.as_option() {
        return Some(Content::Location(Location {
            latitude: Coordinate::from_degrees(place.degrees_latitude?)?,
            longitude: Coordinate::from_degrees(place.degrees_longitude?)?,
            name: filled(place.caption.as_ref()),
            address: None,
        }));
    }
    if let Some(contact) = message.contact_message.as_option() {
        return Some(Content::Contacts { contacts: vec![card(contact)] });
    }
    let several = message.contacts_array_message.as_option()?;
    let contacts: Vec<Card> = several.contacts.iter().map(card).collect();
    (!contacts.is_empty()).then_some(Content::Contacts { contacts })
}

fn card(contact: &ContactMessage) -> Card {
    let vcard = filled(contact.vcard.as_ref());
    Card {
        name: filled(contact.display_name.as_ref()).unwrap_or_default(),
        phones: vcard.as_deref().map(phones).unwrap_or_default(),
        vcard,
    }
}

/// The numbers of a vCard: of its `TEL` lines, WhatsApp's own parameter `waid` (digits) before what is written for people.
fn phones(vcard: &str) -> Vec<String> {
    let line = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let mut parts = name.split(';');
        // A group prefix as in `item1.TEL`.
        let property = parts.next()?.rsplit('.').next()?;
        if !property.eq_ignore_ascii_case("TEL") {
            return None;
        }
        let waid =
            parts.filter_map(|part| part.split_once('=')).find(|(key, _)| key.eq_ignore_ascii_case("waid"));
        let number = waid.map_or(value, |(_, digits)| digits).trim();
        (!number.is_empty()).then(|| number.to_owned())
    };
    vcard.lines().filter_map(line).collect()
}

fn about_another(message: &wa::Message) -> Option<Content> {
    if let Some(reaction) = message.reaction_message.as_option() {
        let message = filled(reaction.key.as_option()?.id.as_ref())?;
        return Some(Content::Reaction { message, emoji: reaction.text.clone().unwrap_or_default() });
    }
    poll(message).map(|poll| Content::Poll {
        question: poll.name.clone().unwrap_or_default(),
        options: poll.options.iter().filter_map(|option| option.option_name.clone()).collect(),
        several: poll.selectable_options_count != Some(1),
    })
}

/// A poll, in whichever version.
fn poll(message: &wa::Message) -> Option<&PollCreationMessage> {
    let plain = [
        &message.poll_creation_message,
        &message.poll_creation_message_v2,
        &message.poll_creation_message_v3,
        &message.poll_creation_message_v5,
    ];
    plain.into_iter().find_map(MessageField::as_option)
}

/// What a message says of the one it answers.
fn context(message: &wa::Message) -> Option<&wa::ContextInfo> {
    macro_rules! first {
        ($($field:ident)*) => {
            None$(.or_else(|| message.$field.as_option().and_then(|it| it.context_info.as_option())))*
        };
    }
    first! {
        extended_text_message image_message video_message ptv_message audio_message document_message sticker_message
        location_message live_location_message contact_message contacts_array_message poll_creation_message
        poll_creation_message_v2 poll_creation_message_v3
    }
}

/// The kind of a message that we do not carry, in the name its protobuf field has.
fn kind(message: &wa::Message) -> Found {
    macro_rules! named {
        ($($field:ident = $kind:literal,)*) => {
            $(if message.$field.is_set() { return unsupported($kind); })*
        };
    }
    named! {
        image_message = "image",
        video_message = "video",
        ptv_message = "video_note",
        audio_message = "audio",
        document_message = "document",
        sticker_message = "sticker",
        lottie_sticker_message = "sticker",
        sticker_pack_message = "sticker_pack",
        contact_message = "contact",
        contacts_array_message = "contacts",
        location_message = "location",
        live_location_message = "live_location",
        reaction_message = "reaction",
        enc_reaction_message = "reaction",
        interactive_response_message = "button_answer",
        buttons_response_message = "button_answer",
        template_button_reply_message = "button_answer",
        list_response_message = "list_answer",
        interactive_message = "interactive",
        buttons_message = "buttons",
        list_message = "list",
        template_message = "template",
        highly_structured_message = "template",
        poll_creation_message = "poll",
        poll_creation_message_v2 = "poll",
        poll_creation_message_v3 = "poll",
        poll_creation_message_v4 = "poll",
        poll_creation_message_v5 = "poll",
        poll_creation_message_v6 = "poll",
        poll_update_message = "poll_vote",
        event_message = "event",
        enc_event_response_message = "event_answer",
        group_invite_message = "group_invite",
        product_message = "product",
        order_message = "order",
        invoice_message = "invoice",
        send_payment_message = "payment",
        request_payment_message = "payment_request",
        comment_message = "comment",
        enc_comment_message = "comment",
        edited_message = "edit",
        secret_encrypted_message = "edit",
        pin_in_chat_message = "pin",
        keep_in_chat_message = "keep",
        call_log_messsage = "call",
        call = "call",
        scheduled_call_creation_message = "call",
        bcall_message = "call",
        placeholder_message = "placeholder",
        request_phone_number_message = "phone_number_request",
        newsletter_admin_invite_message = "channel_invite",
    }
    let mut rest = message.clone();
    rest.message_context_info = MessageField::none();
    rest.conversation = None;
    rest.sender_key_distribution_message = MessageField::none();
    rest.fast_ratchet_key_sender_key_distribution_message = MessageField::none();
    rest.group_root_key_share = MessageField::none();
    rest.root_secret_distribute_message = MessageField::none();
    rest.sticker_sync_rmr_message = MessageField::none();
    rest.message_history_bundle = MessageField::none();
    rest.album_message = MessageField::none();
    // By length: equality takes an empty inner message for an absent one.
    if waproto::codec::message_encoded_len(&rest) == 0 { None } else { unsupported("unknown") }
}

#[cfg(test)]
mod tests;
