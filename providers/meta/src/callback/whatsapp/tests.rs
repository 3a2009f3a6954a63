use serde_json::json;

use super::*;

fn told(value: &Value) -> Told {
    read("messages", &value.to_string())
}

fn received(message: Value) -> InboundMessage {
    let mut message = message;
    message["id"] = "wamid.IN1".into();
    message["timestamp"] = "1709650000".into();
    if message["from"].is_null() && message["from_user_id"].is_null() {
        message["from"] = "6281234567890".into();
    }
    let value = json!({
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": "987"},
        "contacts": [{"profile": {"name": "Budi", "username": "@budi"}, "wa_id": "6281234567890", "user_id": "ID.1"}],
        "messages": [message],
    });
    told(&value).messages.remove(0)
}

#[test]
fn every_kind_of_message_is_understood() {
    let about = json!({"from": "628", "id": "wamid.OUT1"});
    for (message, expected) in [
        (json!({"type": "text", "text": {"body": "Halo"}}), Content::Text { text: "Halo".into() }),
        (
            json!({"type": "location", "location": {"latitude": "60.17", "longitude": 24.94, "name": "n"}}),
            Content::Location(Location {
                latitude: Coordinate::from_degrees(60.17).unwrap(),
                longitude: Coordinate::from_degrees(24.94).unwrap(),
                name: Some("n".into()),
                address: None,
            }),
        ),
        (
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "A B"}, "phones": [{"phone": "+1"}]}]}),
            Content::Contacts {
                contacts: vec![Card { name: "A B".into(), phones: vec!["+1".into()], vcard: None }],
            },
        ),
        (
            json!({"type": "reaction", "reaction": {"message_id": "wamid.OUT1"}}),
            Content::Reaction { message: "wamid.OUT1".into(), emoji: String::new() },
        ),
        (
            json!({"type": "button", "button": {"payload": "STOP", "text": "Stop"}, "context": about}),
            Content::ButtonPress {
                id: "STOP".into(),
                text: "Stop".into(),
                message: Some("wamid.OUT1".into()),
            },
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "r1", "title": "Row"}}, "context": about}),
            Content::ButtonPress { id: "r1".into(), text: "Row".into(), message: Some("wamid.OUT1".into()) },
        ),
        (
            json!({"type": "edit", "edit": {"original_message_id": "wamid.A", "message": {"type": "text", "text": {"body": "b"}}}}),
            Content::Edited {
                message: "wamid.A".into(),
                content: Box::new(Content::Text { text: "b".into() }),
            },
        ),
        (
            json!({"type": "revoke", "revoke": {"original_message_id": "wamid.A"}}),
            Content::Deleted { message: "wamid.A".into() },
        ),
        (json!({"type": "order", "order": {}}), Content::Unsupported { kind: "order".into() }),
        // Without its object, or of a type that is not the one expected.
        (json!({"type": "interactive", "errors": []}), Content::Unsupported { kind: "interactive".into() }),
        (json!({"type": "text", "text": "x"}), Content::Unsupported { kind: "text".into() }),
    ] {
        let told = received(message.clone());
        assert!(told.content == expected, "{message}");
        assert_eq!(told.raw.is_some(), matches!(expected, Content::Unsupported { .. }), "{message}");
    }
}

#[test]
fn a_medium_is_a_reference_to_be_read_later() {
    let image = json!({"type": "image", "image": {"id": "55", "mime_type": "image/jpeg; x=1", "sha256": "b64=", "caption": "c"}});
    let Content::Image { media, caption } = received(image).content else { panic!("no image") };
    assert_eq!((caption.as_deref(), media.content_type.as_deref()), (Some("c"), Some("image/jpeg")));
    let MediaSource::Network(reference) = media.source else { panic!("no reference") };
    let reference = Reference::from_text(&reference).unwrap();
    assert!(matches!(reference, Reference::Id { id, sha256: Some(hash) } if id == "55" && hash == "b64="));
}

#[test]
fn the_sender_is_a_number_or_without_one_a_user_id() {
    let plain = received(json!({"type": "text", "text": {"body": "x"}}));
    assert_eq!(
        (plain.from.as_str(), plain.from_alias, plain.sender_name.as_deref()),
        ("6281234567890", false, Some("Budi"))
    );
    let value = json!({
        "metadata": {"phone_number_id": "987"},
        "contacts": [{"profile": {"username": "@ana"}, "user_id": "ID.22"}],
        "messages": [{"id": "wamid.1", "from_user_id": "ID.22", "timestamp": "1", "type": "text", "text": {"body": "x"}}],
    });
    let hidden = told(&value).messages.remove(0);
    assert_eq!(
        (hidden.from.as_str(), hidden.from_alias, hidden.sender_name.as_deref()),
        ("ID.22", true, Some("ana"))
    );
}

#[test]
fn statuses_name_our_message_and_say_why_it_failed() {
    let value = json!({"metadata": {"phone_number_id": 987}, "statuses": [
        {"id": "wamid.1", "status": "delivered", "timestamp": "1790000001", "biz_opaque_callback_data": "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"},
        {"id": "wamid.2", "status": "failed", "timestamp": "1790000002", "errors": [{"code": 131_047}]},
        {"id": "wamid.3", "status": "played", "timestamp": "1"},
        {"id": "wamid.4", "status": "warning", "timestamp": "1"},
        {"id": "wamid.5", "status": "read", "timestamp": "1", "biz_opaque_callback_data": "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/2"},
    ]});
    let told = told(&value);
    assert_eq!(told.phone_number_id.as_deref(), Some("987"));
    let [delivered, failed, played, second] = &told.statuses[..] else { panic!("{:?}", told.statuses) };
    assert_eq!((delivered.receipt, delivered.message.is_some()), (Receipt::Delivered, true));
    assert_eq!(failed.failure, Some((FailureCode::Outside24hWindow, Some("131047".into()))));
    assert_eq!(played.receipt, Receipt::Read);
    assert_eq!((second.receipt, second.remote_id.as_str()), (Receipt::Read, ""));
}

#[test]
fn a_message_in_parts_is_out_with_its_last_part_and_failed_with_any() {
    let status = |part: &str, status: &str| {
        let opaque = format!("msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50/{part}");
        let status =
            json!({"id": "wamid.1", "status": status, "timestamp": "1", "biz_opaque_callback_data": opaque});
        told(&json!({"metadata": {"phone_number_id": "987"}, "statuses": [status]})).statuses.pop()
    };
    for early in ["sent", "delivered", "read"] {
        assert!(status("1-2", early).is_none(), "the text may not be out yet: {early}");
    }
    for (part, name, receipt, remote_id) in [
        ("1-2", "failed", Receipt::Failed, "wamid.1"),
        ("2-2", "sent", Receipt::Accepted, ""),
        ("2-2", "delivered", Receipt::Delivered, ""),
        ("2-2", "read", Receipt::Read, ""),
        ("2-2", "failed", Receipt::Failed, ""),
    ] {
        let status = status(part, name).unwrap();
        assert_eq!((status.receipt, status.remote_id.as_str()), (receipt, remote_id), "{part} {name}");
        assert_eq!(status.part.map(|part| part.remote_id).as_deref(), Some("wamid.1"));
        assert!(status.message.is_some());
    }
}

#[test]
fn what_is_no_change_of_a_number_tells_nothing() {
    for value in [
        json!({}),
        json!({"event": "APPROVED", "message_template_id": 1}),
        json!([]),
        json!({"messages": "x"}),
    ] {
        let told = told(&value);
        assert!(
            told.phone_number_id.is_none() && told.messages.is_empty() && told.statuses.is_empty(),
            "{value}"
        );
    }
}

#[test]
fn nobody_is_taken_for_another_and_both_addresses_are_told() {
    let message = json!({"id": "wamid.IN1", "timestamp": "1", "from_user_id": "ID.3", "type": "text", "text": {"body": "x"}});
    let others = json!([
        {"profile": {"name": "Budi"}, "wa_id": "6281", "user_id": "ID.1"},
        {"profile": {"name": "Ana"}, "wa_id": "6282", "user_id": "ID.2"},
    ]);
    let told = told(&json!({
        "metadata": {"phone_number_id": "987"}, "contacts": others, "messages": [message],
        "statuses": [{"id": "wamid.A", "status": "sent", "timestamp": "1", "recipient_id": "6283", "recipient_user_id": "ID.4"}],
    }));
    assert_eq!((told.messages[0].from.as_str(), told.messages[0].from_alias), ("ID.3", true));
    assert_eq!(told.messages[0].sender_name, None);
    let pairs: Vec<_> = told.aliases.iter().map(|(user, number)| (user.as_str(), number.as_str())).collect();
    assert_eq!(pairs, [("ID.1", "6281"), ("ID.2", "6282"), ("ID.4", "6283")]);
}

#[test]
fn somebody_who_has_another_number_or_user_id_is_told_of_and_has_written_nothing() {
    let change = |from: Value, system: Value| {
        let mut message = json!({"id": "wamid.S", "timestamp": "1", "type": "system", "system": system});
        message.as_object_mut().unwrap().extend(from.as_object().unwrap().clone());
        told(&json!({"metadata": {"phone_number_id": "987"}, "messages": [message]}))
    };
    let chat = |address: &str| Chat::new(address);
    let new_number = change(
        json!({"from": "628111"}),
        json!({"type": "user_changed_number", "wa_id": "628222", "user_id": "ID.2", "previous_user_id": "ID.1"}),
    );
    assert!(new_number.messages.is_empty());
    let expected = Moved {
        remote_id: "wamid.S".into(),
        from: vec![chat("628111"), chat("ID.1")],
        to: chat("628222"),
        to_alias: false,
        alias: Some(chat("ID.2")),
    };
    assert_eq!(new_number.moves, [expected]);
    let older =
        change(json!({"from": "628111"}), json!({"type": "user_changed_number", "new_wa_id": "+628222"}));
    assert_eq!((&older.moves[0].to, &older.moves[0].alias), (&chat("628222"), &None));
    let hidden = change(
        json!({}),
        json!({"type": "user_changed_user_id", "user_id": "ID.2", "previous_user_id": "ID.1"}),
    );
    assert_eq!(
        (&hidden.moves[0].from[..], &hidden.moves[0].to, hidden.moves[0].to_alias),
        (&[chat("ID.1")][..], &chat("ID.2"), true)
    );
    // What is not understood is kept like every message.
    for system in [
        json!({"type": "user_identity_changed", "wa_id": "628222"}),
        json!({"type": "user_changed_number", "wa_id": "628111"}),
        json!({"type": "user_changed_number"}),
    ] {
        let told = change(json!({"from": "628111"}), system.clone());
        assert!(told.moves.is_empty() && told.messages.len() == 1, "{system}");
    }
}
