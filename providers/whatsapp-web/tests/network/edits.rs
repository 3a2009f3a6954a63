//! Edits that are sealed under the secret of the message they change.

use cetar_model::Content;
use wacore::message_edit::{MessageEditContext, encrypt_message_edit};
use waproto::whatsapp::{
    Message, MessageContextInfo, MessageKey,
    message::{
        ProtocolMessage, SecretEncryptedMessage, protocol_message::Type,
        secret_encrypted_message::SecretEncType,
    },
};
use whatsapp_rust::buffa::MessageField;

use crate::world::{OWNER, PEER, World};

const SECRET: [u8; 32] = [9; 32];

fn text(text: &str) -> Message {
    Message { conversation: Some(text.into()), ..Default::default() }
}

/// A text with the secret under which it can be changed, as phones write them.
fn changeable(said: &str) -> Message {
    let secret = MessageContextInfo { message_secret: Some(SECRET.to_vec()), ..Default::default() };
    Message { message_context_info: MessageField::some(secret), ..text(said) }
}

/// The change of a message by its writer, who has this JID.
fn change(id: &str, writer: &str, now: &str) -> Message {
    let key = || MessageKey {
        remote_jid: Some(format!("{OWNER}@s.whatsapp.net")),
        from_me: Some(true),
        id: Some(id.to_owned()),
        ..Default::default()
    };
    let inner = Message {
        protocol_message: MessageField::some(ProtocolMessage {
            r#type: Some(Type::MESSAGE_EDIT),
            key: MessageField::some(key()),
            edited_message: MessageField::some(text(now)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let context = MessageEditContext { original_msg_id: id, original_sender_jid: writer, editor_jid: writer };
    let (payload, iv) = encrypt_message_edit(&inner, &SECRET, &context).expect("sealed");
    Message {
        secret_encrypted_message: MessageField::some(SecretEncryptedMessage {
            target_message_key: MessageField::some(key()),
            enc_payload: Some(payload),
            enc_iv: Some(iv.to_vec()),
            secret_enc_type: Some(SecretEncType::MessageEdit),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn edited(message: &str, now: &str) -> Content {
    Content::Edited { message: message.to_owned(), content: Box::new(Content::Text { text: now.to_owned() }) }
}

impl World {
    async fn writes(&mut self, message: Message) -> (String, Content) {
        let id = self.peer.send(&self.phone, message).await;
        let told = self.inbound().await;
        assert_eq!((told.remote_id.as_str(), told.from.as_str()), (id.as_str(), PEER));
        (id, told.content)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_under_the_secret_of_its_message_is_read() {
    let (mut world, running) = World::connected().await;
    let (number, lid) = (format!("{PEER}@s.whatsapp.net"), format!("{}@lid", world.peer.lid()));
    let (id, said) = world.writes(changeable("Jam 8")).await;
    assert_eq!(said, Content::Text { text: "Jam 8".into() });
    let (_, now) = world.writes(change(&id, &number, "Jam 9")).await;
    assert_eq!(now, edited(&id, "Jam 9"));

    // In the other addressing.
    world.peer.addressed_by_lid(true);
    let (by_lid, _) = world.writes(changeable("Senin")).await;
    let (_, now) = world.writes(change(&by_lid, &lid, "Selasa")).await;
    assert_eq!(now, edited(&by_lid, "Selasa"));
    world.peer.addressed_by_lid(false);

    // Of a message that nobody told of: kept, and said to be an edit.
    let (_, lost) = world.writes(change("3EB0FF", &number, "Jam 10")).await;
    assert_eq!(lost, Content::Unsupported { kind: "edit".into() });
    running.stop().await;

    // The next process can read it, too.
    let running = world.run().await;
    let (_, now) = world.writes(change(&id, &number, "Jam 11")).await;
    assert_eq!(now, edited(&id, "Jam 11"));
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}
