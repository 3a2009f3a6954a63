//! Messages as phones write them, for tests that need no more than one of a kind. Those that look closer make their own.

use waproto::buffa::MessageField;
use waproto::whatsapp::message::{
    AudioMessage, ButtonsResponseMessage, ContactMessage, DocumentMessage, ExtendedTextMessage,
    FutureProofMessage, ImageMessage, LocationMessage, PollCreationMessage, ProtocolMessage, ReactionMessage,
    StickerMessage, VideoMessage, buttons_response_message, poll_creation_message, protocol_message,
};
use waproto::whatsapp::{ContextInfo, Message, MessageKey};

use crate::SealedMedia;

/// What every kind of medium says of its bytes.
macro_rules! medium {
    ($kind:ident, $sealed:expr, $content_type:literal, $($field:ident: $value:expr),*) => {
        MessageField::some($kind {
            direct_path: Some($sealed.direct_path.clone()),
            media_key: Some($sealed.media_key.clone()),
            file_enc_sha256: Some($sealed.file_enc_sha256.clone()),
            file_sha256: Some($sealed.file_sha256.clone()),
            file_length: Some($sealed.file_length),
            mimetype: Some($content_type.to_owned()),
            $($field: $value,)*
            ..Default::default()
        })
    };
}

/// A text.
pub fn text(text: &str) -> Message {
    Message { conversation: Some(text.to_owned()), ..Default::default() }
}

/// A JPEG with a caption.
pub fn picture(sealed: &SealedMedia, caption: &str) -> Message {
    let image_message = medium!(ImageMessage, sealed, "image/jpeg", caption: Some(caption.to_owned()));
    Message { image_message, ..Default::default() }
}

/// An MP4.
pub fn film(sealed: &SealedMedia) -> Message {
    Message { video_message: medium!(VideoMessage, sealed, "video/mp4",), ..Default::default() }
}

/// An MP4 with a caption.
pub fn captioned_film(sealed: &SealedMedia, caption: &str) -> Message {
    let video_message = medium!(VideoMessage, sealed, "video/mp4", caption: Some(caption.to_owned()));
    Message { video_message, ..Default::default() }
}

/// A PDF with a caption, in the wrapper that phones put around such.
pub fn document(sealed: &SealedMedia, caption: &str) -> Message {
    let document_message =
        medium!(DocumentMessage, sealed, "application/pdf", caption: Some(caption.to_owned()));
    let document_with_caption_message = wrapped(Message { document_message, ..Default::default() });
    Message { document_with_caption_message, ..Default::default() }
}

/// A voice note of so many seconds.
pub fn voice(sealed: &SealedMedia, seconds: u32) -> Message {
    let audio_message =
        medium!(AudioMessage, sealed, "audio/ogg; codecs=opus", seconds: Some(seconds), ptt: Some(true));
    Message { audio_message, ..Default::default() }
}

/// A sticker of so many pixels.
pub fn sticker(sealed: &SealedMedia, width: u32) -> Message {
    Message {
        sticker_message: medium!(StickerMessage, sealed, "image/webp", width: Some(width)),
        ..Default::default()
    }
}

/// A reaction to the message with this id.
pub fn reaction(id: &str, emoji: &str) -> Message {
    let reaction = ReactionMessage { key: key(id), text: Some(emoji.to_owned()), ..Default::default() };
    Message { reaction_message: MessageField::some(reaction), ..Default::default() }
}

/// The message with this id, changed.
pub fn edit(id: &str, now: Message) -> Message {
    let edit = ProtocolMessage {
        key: key(id),
        r#type: Some(protocol_message::Type::MESSAGE_EDIT),
        edited_message: MessageField::some(now),
        ..Default::default()
    };
    Message { protocol_message: MessageField::some(edit), ..Default::default() }
}

/// The message with this id, taken back.
pub fn deletion(id: &str) -> Message {
    let deletion =
        ProtocolMessage { key: key(id), r#type: Some(protocol_message::Type::REVOKE), ..Default::default() };
    Message { protocol_message: MessageField::some(deletion), ..Default::default() }
}

/// A poll of two options.
pub fn poll(question: &str) -> Message {
    let option = |name: &str| poll_creation_message::Option {
        option_name: Some(name.to_owned()),
        ..Default::default()
    };
    let poll = PollCreationMessage {
        name: Some(question.to_owned()),
        options: vec![option("Ya"), option("Tidak")],
        selectable_options_count: Some(1),
        ..Default::default()
    };
    Message { poll_creation_message_v3: MessageField::some(poll), ..Default::default() }
}

/// A press of a button, in the form of older phones.
pub fn press(id: &str, text: &str) -> Message {
    let press = ButtonsResponseMessage {
        selected_button_id: Some(id.to_owned()),
        r#type: Some(buttons_response_message::Type::DISPLAY_TEXT),
        response: Some(buttons_response_message::Response::SelectedDisplayText(text.to_owned())),
        ..Default::default()
    };
    Message { buttons_response_message: MessageField::some(press), ..Default::default() }
}

/// A text that answers the message with this id.
pub fn answer(id: &str, text: &str) -> Message {
    let answer = ExtendedTextMessage {
        text: Some(text.to_owned()),
        context_info: MessageField::some(ContextInfo {
            stanza_id: Some(id.to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    };
    Message { extended_text_message: MessageField::some(answer), ..Default::default() }
}

/// The same in a chat whose messages disappear.
pub fn disappearing(message: Message) -> Message {
    Message { ephemeral_message: wrapped(message), ..Default::default() }
}

/// A place.
pub fn place(latitude: f64, longitude: f64, name: &str) -> Message {
    Message {
        location_message: MessageField::some(LocationMessage {
            degrees_latitude: Some(latitude),
            degrees_longitude: Some(longitude),
            name: Some(name.to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A contact card.
pub fn card(name: &str, number: &str) -> Message {
    let vcard = format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;waid={number}:+{number}\nEND:VCARD");
    Message {
        contact_message: MessageField::some(ContactMessage {
            display_name: Some(name.to_owned()),
            vcard: Some(vcard),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn wrapped(message: Message) -> MessageField<FutureProofMessage> {
    MessageField::some(FutureProofMessage { message: MessageField::some(message) })
}

fn key(id: &str) -> MessageField<MessageKey> {
    MessageField::some(MessageKey { id: Some(id.to_owned()), from_me: Some(false), ..Default::default() })
}
