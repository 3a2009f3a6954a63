//! Messages as phones write them, for tests that need no more than one of a kind. Those that look closer make their own.

use waproto::buffa::MessageField;
use waproto::whatsapp::Message;
use waproto::whatsapp::message::{ContactMessage, ImageMessage, LocationMessage, VideoMessage};

use crate::SealedMedia;

/// A text.
pub fn text(text: &str) -> Message {
    Message { conversation: Some(text.to_owned()), ..Default::default() }
}

/// A JPEG with a caption.
pub fn picture(sealed: &SealedMedia, caption: &str) -> Message {
    Message {
        image_message: MessageField::some(ImageMessage {
            direct_path: Some(sealed.direct_path.clone()),
            media_key: Some(sealed.media_key.clone()),
            file_enc_sha256: Some(sealed.file_enc_sha256.clone()),
            file_sha256: Some(sealed.file_sha256.clone()),
            file_length: Some(sealed.file_length),
            mimetype: Some("image/jpeg".to_owned()),
            caption: Some(caption.to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// An MP4.
pub fn film(sealed: &SealedMedia) -> Message {
    Message {
        video_message: MessageField::some(VideoMessage {
            direct_path: Some(sealed.direct_path.clone()),
            media_key: Some(sealed.media_key.clone()),
            file_enc_sha256: Some(sealed.file_enc_sha256.clone()),
            file_sha256: Some(sealed.file_sha256.clone()),
            file_length: Some(sealed.file_length),
            mimetype: Some("video/mp4".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
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
