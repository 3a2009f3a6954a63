//! What simulated people do with what they get.

use cetar_model::{Button, Content, MediaSource};

/// Whether a network could carry it: what is only ever received cannot be sent.
pub(crate) fn is_carried(content: &Content) -> bool {
    match content {
        Content::Text { .. }
        | Content::Image { .. }
        | Content::Video { .. }
        | Content::Document { .. }
        | Content::Audio { .. }
        | Content::Sticker { .. }
        | Content::Buttons(_)
        | Content::Location(_)
        | Content::Contacts { .. }
        | Content::Reaction { .. }
        | Content::Poll { .. }
        | Content::Edited { .. }
        | Content::Deleted { .. }
        | Content::Template(_)
        | Content::Interactive { .. }
        | Content::Seen { .. } => true,
        Content::Formatted { content, .. } => is_carried(content),
        Content::ButtonPress { .. } | Content::PollVote { .. } | Content::Unsupported { .. } => false,
    }
}

/// The same content, as the other side would send it: its medium is now with the network, which here is us.
pub(crate) fn sent_back(content: &Content) -> Content {
    // What people write is not marked up.
    let mut content = match content {
        Content::Formatted { content, .. } => (**content).clone(),
        plain => plain.clone(),
    };
    if let Some(media) = content.media_mut()
        && let Some(id) = media.stored()
    {
        media.source = MediaSource::Network(id.to_string());
    }
    content
}

/// The press of its first quick-reply button, if it has one; `message` is the network's id of it.
pub(crate) fn press(content: &Content, message: &str) -> Option<Content> {
    let buttons = match content {
        Content::Formatted { content, .. } => return press(content, message),
        Content::Buttons(buttons) => buttons,
        _ => return None,
    };
    buttons.buttons.iter().find_map(|button| match button {
        Button::Reply { id, text } => Some(Content::ButtonPress {
            id: id.clone(),
            text: text.clone(),
            message: Some(message.to_owned()),
        }),
        Button::Url { .. } | Button::Copy { .. } => None,
    })
}
