//! What a linked device could not get by itself, its phone repeats for it.
//!
//! A message that was encrypted for the phone only reaches linked devices as `<unavailable/>`. They ask their phone
//! for it with a peer data operation (`PLACEHOLDER_MESSAGE_RESEND`), and it answers with the message as it keeps it.

use std::collections::HashSet;

use wacore_binary::builder::NodeBuilder;
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::message::peer_data_operation_request_response_message::PeerDataOperationResult;
use waproto::whatsapp::message::peer_data_operation_request_response_message::peer_data_operation_result::PlaceholderMessageResendResponse;
use waproto::whatsapp::message::{
    PeerDataOperationRequestResponseMessage, PeerDataOperationRequestType, ProtocolMessage, protocol_message,
};
use waproto::whatsapp::{Message, MessageKey, WebMessageInfo};

use crate::account::{Received, Sent};
use crate::state::{DeviceId, State, message_id};

/// The keys of the messages a linked device asks its phone for.
pub(crate) fn wanted(protocol: &ProtocolMessage) -> Option<Vec<MessageKey>> {
    let request = protocol.peer_data_operation_request_message.as_option()?;
    let wanted = request.placeholder_message_resend_request.iter();
    Some(wanted.filter_map(|it| it.message_key.as_option().cloned()).collect())
}

impl State {
    /// A person's message that only the phone of the addressee can read, for a reason that has a name or for none. Gives its id.
    pub(crate) fn write_to_phone_only(
        &mut self,
        from: &str,
        to: &str,
        message: &Message,
        reason: Option<&'static str>,
    ) -> String {
        let id = message_id();
        let jid = self.account(from).jid(wacore_binary::Server::Pn, 0);
        let reader = self.account(to);
        reader.seen.insert((from.to_owned(), id.clone()));
        reader.inbox.push(Received::new(&id, from, &jid, "text", message.clone()));
        self.account(from).outbox.insert(id.clone(), Sent::new(message.clone(), HashSet::new()));
        for device in self.companions_of(to) {
            let mut unavailable = NodeBuilder::new("unavailable");
            if let Some(reason) = reason {
                unavailable = unavailable.attr("type", reason);
            }
            let unavailable = [unavailable.build()];
            let stanza = self.message_stanza(from, &device, &id, message).children(unavailable).build();
            self.deliver(&device, stanza);
        }
        id
    }

    /// The phone answers a request for messages: with those it has.
    pub(crate) fn repeat_from_phone(&mut self, to: &DeviceId, request: &str, keys: Vec<MessageKey>) {
        let account = self.account(&to.number);
        if account.habits.forgets {
            return;
        }
        let inbox = &account.inbox;
        let results = keys.into_iter().filter_map(|key| {
            let kept = inbox.iter().find(|it| Some(&it.id) == key.id.as_ref())?;
            let info = WebMessageInfo {
                key: MessageField::some(key),
                message: MessageField::some(kept.message.clone()),
                message_timestamp: Some(wacore::time::now_secs_u64()),
                ..Default::default()
            };
            Some(PeerDataOperationResult {
                placeholder_message_resend_response: MessageField::some(PlaceholderMessageResendResponse {
                    web_message_info_bytes: Some(info.encode_to_vec()),
                }),
                ..Default::default()
            })
        });
        let response = PeerDataOperationRequestResponseMessage {
            peer_data_operation_request_type: Some(PeerDataOperationRequestType::PlaceholderMessageResend),
            stanza_id: Some(request.to_owned()),
            peer_data_operation_result: results.collect(),
        };
        let message = Message {
            protocol_message: MessageField::some(ProtocolMessage {
                r#type: Some(protocol_message::Type::PeerDataOperationRequestResponseMessage),
                peer_data_operation_request_response_message: MessageField::some(response),
                ..Default::default()
            }),
            ..Default::default()
        };
        let phone = to.number.clone();
        self.write_to(&phone, to, &message_id(), &message, None);
    }
}
