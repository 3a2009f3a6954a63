//! What we send, in WhatsApp's words.

use cetar_model::{Button, Buttons, Content, Writer};
use serde_json::json;
use waproto::whatsapp::{
    self as wa, ContextInfo,
    message::{
        AudioMessage, DocumentMessage, ExtendedTextMessage, FutureProofMessage, ImageMessage,
        InteractiveMessage, VideoMessage,
        interactive_message::{
            Body, Footer, Header, InteractiveMessage as Interaction, NativeFlowMessage, header,
            native_flow_message::NativeFlowButton,
        },
    },
};
use whatsapp_rust::{Jid, buffa::MessageField, wacore_binary::JidExt};

use crate::media::Sealed;

/// The message that one of ours answers.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// WhatsApp's id of it.
    pub(crate) id: String,
    /// Who wrote it, as far as we know.
    pub(crate) by: Option<Jid>,
}

impl Answered {
    /// A message of the chat `to`. A phone shows whose it is by what is said here, and finds it by that: so an answer to one of our own
    /// names us. Who is not known to have written it is, in a chat of two, the other one.
    pub(crate) fn new(id: String, writer: Option<Writer>, to: &Jid, own: Option<Jid>) -> Self {
        let by = match writer {
            Some(Writer::Us) => own.map(|own| own.to_non_ad()),
            // Their address in this chat may be another than the one their message came from: one person, and the chat's is newer.
            Some(Writer::Other { .. }) | None if !to.is_group() => Some(to.clone()),
            Some(Writer::Other { address, is_alias }) => super::recipient(address.as_str(), is_alias),
            None => None,
        };
        Self { id, by }
    }

    fn context(self) -> MessageField<ContextInfo> {
        MessageField::some(ContextInfo {
            stanza_id: Some(self.id),
            participant: self.by.map(|jid| jid.to_string()),
            // A phone that has the message shows it as it has it; without any quotation it shows no answer at all.
            quoted_message: MessageField::some(wa::Message {
                conversation: Some(String::new()),
                ..Default::default()
            }),
            ..Default::default()
        })
    }
}

fn context(answers: Option<Answered>) -> MessageField<ContextInfo> {
    answers.map_or_else(MessageField::none, Answered::context)
}

/// Text.
pub(crate) fn text(text: &str, answers: Option<Answered>) -> wa::Message {
    let Some(answers) = answers else {
        return wa::Message { conversation: Some(text.to_owned()), ..Default::default() };
    };
    wa::Message {
        extended_text_message: MessageField::some(ExtendedTextMessage {
            text: Some(text.to_owned()),
            context_info: answers.context(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Text with buttons: a native flow, the one form that phones still show.
pub(crate) fn buttons(buttons: &Buttons, picture: Option<&Sealed>, answers: Option<Answered>) -> wa::Message {
    let Buttons { title, text, footer, buttons, media: _ } = buttons;
    let picture = picture.map(|sealed| header::Media::ImageMessage(Box::new(image(sealed, None))));
    let header = (title.is_some() || picture.is_some()).then(|| Header {
        title: title.clone(),
        has_media_attachment: Some(picture.is_some()),
        media: picture,
        ..Default::default()
    });
    let flow = NativeFlowMessage {
        buttons: buttons.iter().map(button).collect(),
        message_params_json: Some("{}".to_owned()),
        message_version: Some(1),
    };
    wa::Message {
        interactive_message: MessageField::some(InteractiveMessage {
            header: header.map_or_else(MessageField::none, MessageField::some),
            body: MessageField::some(Body { text: Some(text.clone()) }),
            footer: footer.as_ref().map_or_else(MessageField::none, |text| {
                MessageField::some(Footer { text: Some(text.clone()), ..Default::default() })
            }),
            context_info: context(answers),
            interactive_message: Some(Interaction::NativeFlowMessage(Box::new(flow))),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn button(button: &Button) -> NativeFlowButton {
    let (name, params) = match button {
        Button::Reply { id, text } => ("quick_reply", json!({ "display_text": text, "id": id })),
        Button::Url { text, url } => {
            ("cta_url", json!({ "display_text": text, "url": url, "merchant_url": url }))
        }
        Button::Copy { text, code } => ("cta_copy", json!({ "display_text": text, "copy_code": code })),
    };
    NativeFlowButton { name: Some(name.to_owned()), button_params_json: Some(params.to_string()) }
}

/// A medium with its caption; `None` for what is none.
pub(crate) fn media(content: &Content, sealed: &Sealed, answers: Option<Answered>) -> Option<wa::Message> {
    let quoted = context(answers);
    let mut message = wa::Message::default();
    match content {
        Content::Image { caption, .. } => {
            message.image_message =
                MessageField::some(ImageMessage { context_info: quoted, ..image(sealed, caption.clone()) });
        }
        Content::Video { media, caption } => {
            message.video_message = MessageField::some(VideoMessage {
                url: Some(sealed.url.clone()),
                direct_path: Some(sealed.path.clone()),
                mimetype: Some(sealed.content_type.clone()),
                media_key: Some(sealed.key.to_vec()),
                media_key_timestamp: Some(sealed.made_at),
                file_sha256: Some(sealed.sha256.to_vec()),
                file_enc_sha256: Some(sealed.cipher_sha256.to_vec()),
                file_length: Some(sealed.size),
                streaming_sidecar: sealed.sidecar.clone(),
                width: sealed.width.or(media.width),
                height: sealed.height.or(media.height),
                seconds: sealed.seconds.or(media.seconds),
                caption: caption.clone(),
                context_info: quoted,
                ..Default::default()
            });
        }
        Content::Document { media, caption } => {
            let document = DocumentMessage {
                url: Some(sealed.url.clone()),
                direct_path: Some(sealed.path.clone()),
                mimetype: Some(sealed.content_type.clone()),
                media_key: Some(sealed.key.to_vec()),
                media_key_timestamp: Some(sealed.made_at),
                file_sha256: Some(sealed.sha256.to_vec()),
                file_enc_sha256: Some(sealed.cipher_sha256.to_vec()),
                file_length: Some(sealed.size),
                file_name: media.file_name.clone(),
                title: media.file_name.clone(),
                caption: caption.clone(),
                context_info: quoted,
                ..Default::default()
            };
            let document = MessageField::some(document);
            if caption.is_none() {
                message.document_message = document;
            } else {
                // Phones show a caption below a file in this wrapper only.
                message.document_with_caption_message = MessageField::some(FutureProofMessage {
                    message: MessageField::some(wa::Message {
                        document_message: document,
                        ..Default::default()
                    }),
                });
            }
        }
        Content::Audio { media, voice, .. } => {
            message.audio_message = MessageField::some(AudioMessage {
                url: Some(sealed.url.clone()),
                direct_path: Some(sealed.path.clone()),
                mimetype: Some(if *voice {
                    voice_type(&sealed.content_type)
                } else {
                    sealed.content_type.clone()
                }),
                media_key: Some(sealed.key.to_vec()),
                media_key_timestamp: Some(sealed.made_at),
                file_sha256: Some(sealed.sha256.to_vec()),
                file_enc_sha256: Some(sealed.cipher_sha256.to_vec()),
                file_length: Some(sealed.size),
                streaming_sidecar: sealed.sidecar.clone(),
                seconds: sealed.seconds.or(media.seconds),
                ptt: voice.then_some(true),
                context_info: quoted,
                ..Default::default()
            });
        }
        _ => return None,
    }
    Some(message)
}

/// Phones record voice notes as Opus in Ogg, and say so of each.
fn voice_type(content_type: &str) -> String {
    if content_type == "audio/ogg" { "audio/ogg; codecs=opus".to_owned() } else { content_type.to_owned() }
}

fn image(sealed: &Sealed, caption: Option<String>) -> ImageMessage {
    ImageMessage {
        url: Some(sealed.url.clone()),
        direct_path: Some(sealed.path.clone()),
        mimetype: Some(sealed.content_type.clone()),
        media_key: Some(sealed.key.to_vec()),
        media_key_timestamp: Some(sealed.made_at),
        file_sha256: Some(sealed.sha256.to_vec()),
        file_enc_sha256: Some(sealed.cipher_sha256.to_vec()),
        file_length: Some(sealed.size),
        width: sealed.width,
        height: sealed.height,
        jpeg_thumbnail: sealed.thumbnail.clone(),
        caption,
        ..Default::default()
    }
}
