//! Buttons on a phone: which it shows, and what pressing one sends.

use waproto::buffa::MessageField;
use waproto::whatsapp::message::interactive_message::InteractiveMessage as Interaction;
use waproto::whatsapp::message::interactive_response_message::{
    Body, InteractiveResponseMessage as Answer, NativeFlowResponseMessage,
};
use waproto::whatsapp::message::{
    ButtonsResponseMessage, InteractiveResponseMessage, TemplateButtonReplyMessage, buttons_response_message,
};
use waproto::whatsapp::{ContextInfo, Message};

use crate::account::Received;

/// The forms in which phones send the press of a button, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// `interactiveResponseMessage.nativeFlowResponseMessage`: the id is in its JSON of parameters.
    NativeFlow,
    /// `buttonsResponseMessage`.
    Buttons,
    /// `templateButtonReplyMessage`.
    Template,
}

/// A button as a phone shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownButton {
    /// `quick_reply`, `cta_url`, `cta_copy`.
    pub name: String,
    /// What its JSON says.
    pub params: serde_json::Value,
}

/// The buttons of a message, in order; none for one that a phone does not show, which is one without text or announced
/// as another flow than `mixed`.
pub(crate) fn shown(received: &Received) -> Vec<ShownButton> {
    let Some(interactive) = received.message.interactive_message.as_option() else { return Vec::new() };
    let has_text =
        interactive.body.as_option().and_then(|body| body.text.as_deref()).is_some_and(|it| !it.is_empty());
    if !has_text || received.flow.as_deref() != Some("mixed") {
        return Vec::new();
    }
    let Some(Interaction::NativeFlowMessage(flow)) = &interactive.interactive_message else {
        return Vec::new();
    };
    let button =
        |button: &waproto::whatsapp::message::interactive_message::native_flow_message::NativeFlowButton| {
            Some(ShownButton {
                name: button.name.clone()?,
                params: serde_json::from_str(button.button_params_json.as_deref()?).ok()?,
            })
        };
    flow.buttons.iter().filter_map(button).collect()
}

/// What the phone sends when the quick reply with this id is pressed; `None` if there is none to press. The others open
/// a page or fill the clipboard, and send nothing.
pub(crate) fn press(received: &Received, id: &str, form: Press, sender: String) -> Option<Message> {
    let shown = shown(received);
    let button = shown.iter().find(|button| button.name == "quick_reply" && button.params["id"] == id)?;
    let text = button.params["display_text"].as_str()?.to_owned();
    let context = MessageField::some(ContextInfo {
        stanza_id: Some(received.id.clone()),
        participant: Some(sender),
        quoted_message: MessageField::some(received.message.clone()),
        ..Default::default()
    });
    let mut message = Message::default();
    match form {
        Press::NativeFlow => {
            let params = serde_json::json!({ "id": id });
            message.interactive_response_message = MessageField::some(InteractiveResponseMessage {
                body: MessageField::some(Body { text: Some(text), ..Default::default() }),
                context_info: context,
                interactive_response_message: Some(Answer::NativeFlowResponseMessage(Box::new(
                    NativeFlowResponseMessage {
                        name: Some("quick_reply".to_owned()),
                        params_json: Some(params.to_string()),
                        version: Some(1),
                    },
                ))),
            });
        }
        Press::Buttons => {
            message.buttons_response_message = MessageField::some(ButtonsResponseMessage {
                selected_button_id: Some(id.to_owned()),
                context_info: context,
                r#type: Some(buttons_response_message::Type::DISPLAY_TEXT),
                response: Some(buttons_response_message::Response::SelectedDisplayText(text)),
            });
        }
        Press::Template => {
            message.template_button_reply_message = MessageField::some(TemplateButtonReplyMessage {
                selected_id: Some(id.to_owned()),
                selected_display_text: Some(text),
                context_info: context,
                selected_index: Some(0),
                ..Default::default()
            });
        }
    }
    Some(message)
}
