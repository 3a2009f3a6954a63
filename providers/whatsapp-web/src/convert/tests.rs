use cetar_model::{Chat, IdSource, Writer};

use super::*;

#[test]
fn our_ids_are_the_same_every_time_and_look_like_whatsapps() {
    let ids = IdSource::new(|bytes| bytes.fill(7));
    let message: MessageId = ids.make(Timestamp::from_secs(1_709_650_000));
    let other: MessageId = ids.make(Timestamp::from_secs(1_709_650_000));
    assert_eq!(remote_id(&message), remote_id(&message));
    assert_ne!(remote_id(&message), remote_id(&other));
    assert!(may_be_ours(&remote_id(&message)), "{}", remote_id(&message));
    // Fixed for ever: a message sent before an upgrade must find its receipts after it.
    let fixed: MessageId = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap();
    assert_eq!(remote_id(&fixed), "3EB09881981994383951B1");
}

#[test]
fn ids_of_others_are_not_taken_for_ours() {
    for id in [
        "",
        "3EB0",
        "3A0123456789ABCDEF0123",
        "3EB0C3A0B6F47C3E9D3A5B1C",
        "3eb0c3a0b6f47c3e9d3a5b",
        "3EB0C3A0B6F47C3E9D3A5x",
    ] {
        assert!(!may_be_ours(id), "{id}");
    }
}

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

fn info(chat: &str, sender: &str, from_me: bool) -> MessageInfo {
    let chat = jid(chat);
    MessageInfo {
        source: MessageSource {
            is_group: chat.is_group(),
            chat,
            sender: jid(sender),
            is_from_me: from_me,
            ..Default::default()
        },
        ..Default::default()
    }
}

fn known(lid: &str) -> Option<String> {
    (lid == "100").then(|| "6281".to_owned())
}

fn number(text: &str) -> Address {
    Address { text: text.into(), alias: false }
}

#[test]
fn a_writer_is_known_by_number_wherever_it_can_be_known() {
    let own = "62999";
    for (name, info, chat, from) in [
        (
            "by number",
            info("6281@s.whatsapp.net", "6281:3@s.whatsapp.net", false),
            number("6281"),
            number("6281"),
        ),
        ("by a LID in the table", info("100@lid", "100:2@lid", false), number("6281"), number("6281")),
        (
            "by a LID with the number beside it",
            {
                let mut info = info("200@lid", "200@lid", false);
                info.source.sender_alt = Some(jid("6282@s.whatsapp.net"));
                info
            },
            number("6282"),
            number("6282"),
        ),
        (
            "by a LID alone",
            info("200@lid", "200@lid", false),
            Address { text: "200".into(), alias: true },
            Address { text: "200".into(), alias: true },
        ),
        ("in a group", info("77-88@g.us", "100@lid", false), number("77-88@g.us"), number("6281")),
        (
            "in a broadcast list",
            info("123@broadcast", "6281@s.whatsapp.net", false),
            number("6281"),
            number("6281"),
        ),
        (
            "from the own phone",
            info("6281@s.whatsapp.net", "62999:0@s.whatsapp.net", true),
            number("6281"),
            number(own),
        ),
        ("from the own phone, by LID", info("100@lid", "555@lid", true), number("6281"), number(own)),
        (
            "from the own phone, the number beside it",
            {
                let mut info = info("300@lid", "555@lid", true);
                info.peer_recipient_pn = Some(jid("6283@s.whatsapp.net"));
                info
            },
            number("6283"),
            number(own),
        ),
        ("from the own phone, in a group", info("77@g.us", "555@lid", true), number("77@g.us"), number(own)),
    ] {
        let place = place(&info, own, &known).expect(name);
        assert_eq!((&place.chat, &place.from), (&chat, &from), "{name}");
        assert_eq!((place.group, place.echo), (info.source.is_group, info.source.is_from_me), "{name}");
    }
}

#[test]
fn what_is_published_is_no_conversation() {
    for chat in ["status@broadcast", "123@newsletter"] {
        assert_eq!(place(&info(chat, "6281@s.whatsapp.net", false), "1", &known), None, "{chat}");
    }
}

#[test]
fn only_receipts_of_people_count() {
    for (kind, expected) in [
        (ReceiptType::Delivered, Some(Receipt::Delivered)),
        (ReceiptType::Read, Some(Receipt::Read)),
        (ReceiptType::Played, Some(Receipt::Read)),
        (ReceiptType::ReadSelf, None),
        (ReceiptType::Sender, None),
        (ReceiptType::Retry, None),
        (ReceiptType::Inactive, None),
        (ReceiptType::Other("x".into()), None),
    ] {
        assert_eq!(receipt(&kind), expected, "{kind:?}");
    }
}

#[test]
fn a_closed_door_says_what_a_person_can_do() {
    use ConnectFailureReason as R;
    for (reason, expected) in [
        (R::LoggedOut, Some(DownReason::LoggedOut)),
        (R::UnknownLogout, Some(DownReason::LoggedOut)),
        (R::AccountLocked, Some(DownReason::Banned)),
        (R::TempBanned, Some(DownReason::Banned)),
        (R::ClientOutdated, Some(DownReason::VersionOutdated)),
        (R::ServiceUnavailable, None),
        (R::Unknown(999), None),
    ] {
        assert_eq!(closed_door(reason), expected, "{reason:?}");
    }
}

#[test]
fn an_address_becomes_a_jid_or_nothing() {
    for (address, alias, expected) in [
        ("6281234567890", false, Some("6281234567890@s.whatsapp.net")),
        ("100000012345678", true, Some("100000012345678@lid")),
        ("120363021033254949@g.us", false, Some("120363021033254949@g.us")),
        ("6281@s.whatsapp.net", false, None),
        ("status@broadcast", false, None),
        ("", false, None),
        ("budi", false, None),
    ] {
        assert_eq!(recipient(address, alias).map(|jid| jid.to_string()).as_deref(), expected, "{address}");
    }
}

#[test]
fn an_answer_names_the_writer_of_what_it_answers() {
    let by = |to: &str, writer: Option<Writer>| {
        let own = Some(jid("628111:3@s.whatsapp.net"));
        Answered::new("X".into(), writer, &jid(to), own).by.map(|jid| jid.to_string())
    };
    let other = |address: &str, is_alias| Some(Writer::Other { address: Chat::new(address), is_alias });
    let (person, group) = ("628222@s.whatsapp.net", "120363000000000001@g.us");
    for chat in [person, group, "99888@lid"] {
        assert_eq!(by(chat, Some(Writer::Us)).as_deref(), Some("628111@s.whatsapp.net"), "{chat}");
    }
    assert_eq!(by(person, None).as_deref(), Some(person));
    assert_eq!(by("99888@lid", other("628222", false)).as_deref(), Some("99888@lid"));
    assert_eq!(by(group, other("628222", false)).as_deref(), Some(person));
    assert_eq!(by(group, other("99888", true)).as_deref(), Some("99888@lid"));
    assert_eq!(by(group, None), None, "nobody is named whom we do not know");
}
