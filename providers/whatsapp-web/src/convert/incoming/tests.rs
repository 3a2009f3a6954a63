use super::*;

fn said(content: Content) -> Meaning {
    Meaning::Says { content: Box::new(content), reply_to: None }
}

fn text(text: &str) -> wa::Message {
    wa::Message { conversation: Some(text.into()), ..Default::default() }
}

fn wrapped(inner: wa::Message) -> MessageField<wa::message::FutureProofMessage> {
    MessageField::some(wa::message::FutureProofMessage { message: MessageField::some(inner) })
}

fn protocol(kind: ProtocolType) -> wa::Message {
    wa::Message {
        protocol_message: MessageField::some(wa::message::ProtocolMessage {
            r#type: Some(kind),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[test]
fn text_is_found_in_all_its_usual_forms() {
    let extended = wa::Message {
        extended_text_message: MessageField::some(wa::message::ExtendedTextMessage {
            text: Some("halo".into()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let with_keys = wa::Message {
        sender_key_distribution_message: MessageField::some(
            wa::message::SenderKeyDistributionMessage::default(),
        ),
        ..text("halo")
    };
    let sent = |message| wa::Message {
        device_sent_message: MessageField::some(wa::message::DeviceSentMessage {
            message: MessageField::some(message),
            ..Default::default()
        }),
        ..Default::default()
    };
    let ephemeral = wa::Message { ephemeral_message: wrapped(extended.clone()), ..Default::default() };
    let once = wa::Message { view_once_message: wrapped(text("halo")), ..Default::default() };
    let once2 = wa::Message { view_once_message_v2: wrapped(ephemeral.clone()), ..Default::default() };
    for (name, message) in [
        ("conversation", text("halo")),
        ("extended", extended),
        ("beside group keys", with_keys),
        ("sent from the phone", sent(text("halo"))),
        ("disappearing, from the phone", sent(ephemeral.clone())),
        ("disappearing", ephemeral),
        ("view once", once),
        ("view once around disappearing", once2),
    ] {
        assert_eq!(meaning(&message), said(Content::Text { text: "halo".into() }), "{name}");
    }
}

#[test]
fn machinery_between_clients_is_nobodys_message() {
    let keys = wa::Message {
        sender_key_distribution_message: MessageField::some(
            wa::message::SenderKeyDistributionMessage::default(),
        ),
        message_context_info: MessageField::some(wa::MessageContextInfo::default()),
        ..Default::default()
    };
    let album = wa::Message {
        album_message: MessageField::some(wa::message::AlbumMessage {
            expected_image_count: Some(3),
            ..Default::default()
        }),
        ..Default::default()
    };
    for (name, message) in [
        ("an empty text", text("")),
        ("three pictures to follow", album),
        ("group keys", keys),
        ("app state keys", protocol(ProtocolType::APP_STATE_SYNC_KEY_SHARE)),
        ("history", protocol(ProtocolType::HISTORY_SYNC_NOTIFICATION)),
        ("a timer", protocol(ProtocolType::EPHEMERAL_SETTING)),
        ("a request to the phone", protocol(ProtocolType::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE)),
    ] {
        assert_eq!(meaning(&message), Meaning::Noise, "{name}");
    }
}

/// An unassigned field number, as a kind has that WhatsApp begins to send tomorrow.
const TOMORROW: [u8; 5] = [0xfa, 0x7f, 0x02, 0x08, 0x01];

#[test]
fn of_a_kind_that_is_newer_than_our_definitions_it_is_known_that_there_was_a_message() {
    let context = wa::Message {
        message_context_info: MessageField::some(wa::MessageContextInfo::default()),
        ..Default::default()
    };
    let read = |message: &wa::Message| {
        let mut bytes = waproto::codec::message_to_vec(message);
        bytes.extend(TOMORROW);
        waproto::codec::message_decode(&bytes).expect("an unknown field is no error")
    };
    for (name, message) in [
        ("alone", read(&wa::Message::default())),
        ("with a context", read(&context)),
        (
            "disappearing",
            wa::Message { ephemeral_message: wrapped(read(&wa::Message::default())), ..Default::default() },
        ),
    ] {
        assert_eq!(meaning(&message), Meaning::Unknown, "{name}");
    }
}

#[test]
fn everything_else_is_kept_under_its_name() {
    let image = wa::Message {
        image_message: MessageField::some(wa::message::ImageMessage::default()),
        ..Default::default()
    };
    let captioned = wa::Message {
        document_with_caption_message: wrapped(wa::Message {
            document_message: MessageField::some(wa::message::DocumentMessage::default()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = wa::Message {
        interactive_response_message: MessageField::some(wa::message::InteractiveResponseMessage::default()),
        ..Default::default()
    };
    let beside_keys = wa::Message {
        sender_key_distribution_message: MessageField::some(
            wa::message::SenderKeyDistributionMessage::default(),
        ),
        split_payment_message: MessageField::some(wa::message::SplitPaymentMessage::default()),
        ..Default::default()
    };
    let new = wa::Message {
        split_payment_message: MessageField::some(wa::message::SplitPaymentMessage::default()),
        ..Default::default()
    };
    for (message, kind) in [
        (image, "image"),
        (captioned, "document"),
        (answer, "button_answer"),
        (protocol(ProtocolType::REVOKE), "revoke"),
        (protocol(ProtocolType::MESSAGE_EDIT), "edit"),
        (new, "unknown"),
        (beside_keys, "unknown"),
    ] {
        assert_eq!(meaning(&message), said(Content::Unsupported { kind: kind.into() }));
    }
}

#[test]
fn a_crafted_nest_of_wrappers_ends() {
    let deep = (0..200)
        .fold(text("x"), |inner, _| wa::Message { ephemeral_message: wrapped(inner), ..Default::default() });
    assert_eq!(meaning(&deep), said(Content::Unsupported { kind: "unknown".to_owned() }));
}
