//! What both stores do.

use super::*;

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

pub(super) async fn identities_and_sessions(b: &impl Backend) {
    assert_eq!(b.load_identity("a@lid.0").await.unwrap(), None);
    b.put_identity("a@lid.0", [1; 32]).await.unwrap();
    b.put_identity("a@lid.0", [2; 32]).await.unwrap();
    assert_eq!(b.load_identity("a@lid.0").await.unwrap(), Some([2; 32]));
    b.delete_identity("a@lid.0").await.unwrap();
    b.delete_identity("a@lid.0").await.unwrap();
    assert_eq!(b.load_identity("a@lid.0").await.unwrap(), None);

    assert!(!b.has_session("a@lid.0").await.unwrap());
    b.put_session("a@lid.0", b"one").await.unwrap();
    b.put_session("a:3@lid.0", b"three").await.unwrap();
    assert!(b.has_session("a@lid.0").await.unwrap());
    assert_eq!(b.get_session("a@lid.0").await.unwrap().as_deref(), Some(b"one".as_slice()));
    b.delete_session("a@lid.0").await.unwrap();
    assert_eq!(b.get_session("a@lid.0").await.unwrap(), None);
    assert_eq!(b.get_session("a:3@lid.0").await.unwrap().as_deref(), Some(b"three".as_slice()));
}

pub(super) async fn a_batch_is_there_as_a_whole(b: &impl Backend) {
    let sessions: Vec<(Arc<str>, Bytes)> =
        (0..20).map(|n| (format!("u{n}@lid.0").into(), Bytes::from(vec![n; 3]))).collect();
    b.put_sessions_batch(&sessions).await.unwrap();
    b.put_sessions_batch(&[]).await.unwrap();
    b.put_identities_batch(&[("u1@lid.0".into(), [9; 32]), ("u2@lid.0".into(), [8; 32])]).await.unwrap();
    assert_eq!(b.get_session("u7@lid.0").await.unwrap().as_deref(), Some([7; 3].as_slice()));
    assert_eq!(b.load_identity("u2@lid.0").await.unwrap(), Some([8; 32]));
}

pub(super) async fn signal_state_is_found_by_user_not_by_prefix(b: &impl Backend) {
    b.put_session("123@c.us.0", b"s").await.unwrap();
    b.put_identity("777:2@lid.0", [1; 32]).await.unwrap();
    for (user, known) in [("123", true), ("777", true), ("12", false), ("1234", false), ("", false)] {
        assert_eq!(b.has_signal_state_for_user(user).await.unwrap(), known, "{user}");
    }
}

pub(super) async fn prekeys(b: &impl Backend) {
    assert_eq!(b.get_max_prekey_id().await.unwrap(), 0);
    b.store_prekey(7, b"seven", false).await.unwrap();
    b.store_prekeys_batch(
        &[(300, Bytes::from_static(b"x")), (4, Bytes::from_static(b"")), (70_000, Bytes::from_static(b"y"))],
        false,
    )
    .await
    .unwrap();
    assert_eq!(b.get_max_prekey_id().await.unwrap(), 70_000);
    assert_eq!(b.load_prekey(7).await.unwrap().as_deref(), Some(b"seven".as_slice()));
    assert_eq!(b.load_prekey(4).await.unwrap().as_deref(), Some(b"".as_slice()));
    b.remove_prekey(7).await.unwrap();
    // A key consumed before its upload was noted stays gone.
    b.mark_prekeys_uploaded(&[7, 300, 5]).await.unwrap();
    assert_eq!(b.load_prekey(7).await.unwrap(), None);
    assert_eq!(b.load_prekey(5).await.unwrap(), None);
    assert_eq!(b.load_prekey(300).await.unwrap().as_deref(), Some(b"x".as_slice()));
    let some = b.load_prekeys_batch(&[300, 7, 4]).await.unwrap();
    assert_eq!(sorted(some.into_iter().map(|(id, _)| id).collect()), [4, 300]);
}

pub(super) async fn signed_prekeys(b: &impl Backend) {
    b.store_signed_prekey(1, b"one").await.unwrap();
    b.store_signed_prekey(2, b"two").await.unwrap();
    b.store_signed_prekey(2, b"two again").await.unwrap();
    b.remove_signed_prekey(1).await.unwrap();
    assert_eq!(b.load_signed_prekey(1).await.unwrap(), None);
    assert_eq!(b.load_signed_prekey(2).await.unwrap().as_deref(), Some(b"two again".as_slice()));
    assert_eq!(b.load_all_signed_prekeys().await.unwrap(), [(2, b"two again".to_vec())]);
}

pub(super) async fn sender_keys(b: &impl Backend) {
    b.put_sender_key("g::a", b"k").await.unwrap();
    b.put_sender_keys_batch(&[
        ("g::a".into(), Bytes::from_static(b"k2")),
        ("g::b".into(), Bytes::from_static(b"m")),
    ])
    .await
    .unwrap();
    assert_eq!(b.get_sender_key("g::a").await.unwrap().as_deref(), Some(b"k2".as_slice()));
    b.delete_sender_key("g::a").await.unwrap();
    assert_eq!(b.get_sender_key("g::a").await.unwrap(), None);
    assert!(b.get_sender_key("g::b").await.unwrap().is_some());
}

pub(super) async fn sync_keys_and_versions(b: &impl Backend) {
    assert_eq!(b.get_latest_sync_key_id().await.unwrap(), None);
    assert!(b.get_sync_key(b"k1").await.unwrap().is_none());
    let key = |n: u8| AppStateSyncKey { key_data: vec![n], fingerprint: vec![n, n], timestamp: i64::from(n) };
    b.set_sync_key(b"k1", key(1)).await.unwrap();
    b.set_sync_key(b"k0", key(2)).await.unwrap();
    assert_eq!(b.get_latest_sync_key_id().await.unwrap().as_deref(), Some(b"k0".as_slice()));
    let read = b.get_sync_key(b"k1").await.unwrap().unwrap();
    assert_eq!((read.key_data, read.fingerprint, read.timestamp), (vec![1], vec![1, 1], 1));

    assert_eq!(b.get_version("regular").await.unwrap().version, 0);
    let mut state = HashState { version: 5, ..HashState::default() };
    state.hash[127] = 9;
    b.set_version("regular", state).await.unwrap();
    let read = b.get_version("regular").await.unwrap();
    assert_eq!((read.version, read.hash[127]), (5, 9));
}

pub(super) async fn mutation_macs(b: &impl Backend) {
    let mac = |n: u8| AppStateMutationMAC { index_mac: vec![n; 32], value_mac: vec![n] };
    b.put_mutation_macs("critical", 1, &[mac(1), mac(2)]).await.unwrap();
    b.put_mutation_macs("regular", 1, &[mac(1)]).await.unwrap();
    b.put_mutation_macs("regular_low", 1, &[mac(1)]).await.unwrap();
    b.delete_mutation_macs("critical", &[vec![1; 32], vec![7; 32]]).await.unwrap();
    assert_eq!(b.get_mutation_mac("critical", &[1; 32]).await.unwrap(), None);
    assert_eq!(b.get_mutation_mac("critical", &[2; 32]).await.unwrap(), Some(vec![2]));
    b.clear_mutation_macs("regular").await.unwrap();
    assert_eq!(b.get_mutation_mac("regular", &[1; 32]).await.unwrap(), None);
    assert_eq!(b.get_mutation_mac("regular_low", &[1; 32]).await.unwrap(), Some(vec![1]));
}

pub(super) async fn many_mutation_macs_at_once(b: &impl Backend) {
    let stored: Vec<_> =
        (0..100_u8).map(|n| AppStateMutationMAC { index_mac: vec![n; 32], value_mac: vec![n, 1] }).collect();
    b.put_mutation_macs("regular", 1, &stored).await.unwrap();
    for asked in [10_u8, 150] {
        let asked: Vec<[u8; 32]> = (0..asked).map(|n| [n; 32]).collect();
        let found = b.get_mutation_macs("regular", &asked).await.unwrap();
        assert_eq!(found.len(), asked.len().min(100));
        assert_eq!(found[&[5; 32]], [5, 1]);
        assert!(b.get_mutation_macs("other", &asked).await.unwrap().is_empty());
    }
}

pub(super) async fn sender_key_holders(b: &impl Backend) {
    assert!(b.get_sender_key_devices("g1").await.unwrap().is_empty());
    b.set_sender_key_status("g1", &[("a", true), ("b", true)]).await.unwrap();
    b.set_sender_key_status("g1", &[("b", false)]).await.unwrap();
    b.set_sender_key_status("g2", &[("a", true), ("c", true)]).await.unwrap();
    let of = async |g| sorted(b.get_sender_key_devices(g).await.unwrap());
    assert_eq!(of("g1").await, [("a".to_owned(), true), ("b".to_owned(), false)]);
    b.delete_sender_key_device_rows(&[]).await.unwrap();
    b.delete_sender_key_device_rows(&["a", "z"]).await.unwrap();
    assert_eq!(of("g1").await, [("b".to_owned(), false)]);
    assert_eq!(of("g2").await, [("c".to_owned(), true)]);
    b.clear_sender_key_devices("g1").await.unwrap();
    assert!(of("g1").await.is_empty());
    b.clear_all_sender_key_devices().await.unwrap();
    assert!(of("g2").await.is_empty());
}

fn mapping(lid: &str, phone: &str) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: lid.into(),
        phone_number: phone.into(),
        created_at: 1,
        updated_at: 2,
        learning_source: "usync".into(),
    }
}

pub(super) async fn lid_mappings(b: &impl Backend) {
    assert!(b.get_lid_mapping("1").await.unwrap().is_none());
    b.put_lid_mapping(&mapping("1", "6281")).await.unwrap();
    b.put_lid_mappings(&[mapping("2", "6282"), mapping("3", "6283")]).await.unwrap();
    assert_eq!(b.get_lid_mapping("2").await.unwrap().unwrap().phone_number, "6282");
    let by_number = b.get_pn_mapping("6283").await.unwrap().unwrap();
    assert_eq!((by_number.lid.as_str(), by_number.learning_source.as_str()), ("3", "usync"));
    assert!(b.get_pn_mapping("6284").await.unwrap().is_none());
    let all = b.get_all_lid_mappings().await.unwrap();
    assert_eq!(sorted(all.into_iter().map(|entry| entry.lid).collect()), ["1", "2", "3"]);
}

pub(super) async fn a_lid_that_changes_its_number(b: &impl Backend) {
    b.put_lid_mapping(&mapping("1", "6281")).await.unwrap();
    b.put_lid_mapping(&mapping("1", "6289")).await.unwrap();
    assert!(b.get_pn_mapping("6281").await.unwrap().is_none());
    assert_eq!(b.get_pn_mapping("6289").await.unwrap().unwrap().lid, "1");
    // Both in one batch, and the old number goes to someone else.
    b.put_lid_mappings(&[mapping("1", "6280"), mapping("2", "6289")]).await.unwrap();
    assert_eq!(b.get_pn_mapping("6289").await.unwrap().unwrap().lid, "2");
    assert_eq!(b.get_pn_mapping("6280").await.unwrap().unwrap().lid, "1");
    // A number with a newer LID leads to that one.
    b.put_lid_mapping(&mapping("7", "6280")).await.unwrap();
    assert_eq!(b.get_pn_mapping("6280").await.unwrap().unwrap().lid, "7");
}

pub(super) async fn base_keys(b: &impl Backend) {
    b.save_base_key("a@lid.0", "M1", b"key").await.unwrap();
    assert!(b.has_same_base_key("a@lid.0", "M1", b"key").await.unwrap());
    assert!(!b.has_same_base_key("a@lid.0", "M1", b"other").await.unwrap());
    assert!(!b.has_same_base_key("a@lid.0", "M2", b"key").await.unwrap());
    b.delete_base_key("a@lid.0", "M1").await.unwrap();
    assert!(!b.has_same_base_key("a@lid.0", "M1", b"key").await.unwrap());
}

pub(super) async fn device_lists(b: &impl Backend) {
    let list = |user: &str, devices: &[u32]| DeviceListRecord {
        user: user.into(),
        devices: devices.iter().map(|id| DeviceInfo::new(*id, Some(1)).with_hosting(*id == 9)).collect(),
        timestamp: 5,
        phash: Some("2:abc".into()),
        raw_id: Some(77),
    };
    b.update_device_list(list("a", &[0])).await.unwrap();
    b.update_device_lists(vec![list("a", &[0, 9]), list("b", &[0])]).await.unwrap();
    let read = b.get_devices("a").await.unwrap().unwrap();
    assert_eq!(
        read.devices.iter().map(|d| (d.device_id, d.is_hosted)).collect::<Vec<_>>(),
        [(0, false), (9, true)]
    );
    assert_eq!((read.phash.as_deref(), read.raw_id), (Some("2:abc"), Some(77)));
    b.delete_devices("a").await.unwrap();
    assert!(b.get_devices("a").await.unwrap().is_none());
    assert!(b.get_devices("b").await.unwrap().is_some());
}

pub(super) async fn group_metadata(b: &impl Backend) {
    assert_eq!(b.get_group_metadata("g").await.unwrap(), None);
    b.put_group_metadata("g", b"one").await.unwrap();
    b.put_group_metadata("g", b"two").await.unwrap();
    assert_eq!(b.get_group_metadata("g").await.unwrap().as_deref(), Some(b"two".as_slice()));
    b.delete_group_metadata("g").await.unwrap();
    assert_eq!(b.get_group_metadata("g").await.unwrap(), None);
}

pub(super) async fn tc_tokens(b: &impl Backend) {
    let of = async |jid| {
        b.get_tc_token(jid).await.unwrap().map(|t| (t.token, t.token_timestamp, t.sender_timestamp))
    };
    // Asked for before it is there, as with every first message.
    assert_eq!(of("a").await, None);
    b.touch_tc_token_sender_timestamp("a", 50).await.unwrap();
    assert_eq!(of("a").await, Some((vec![], 50, Some(50))));
    // A placeholder never stands in the way of a real token, an older token never replaces a newer one.
    b.store_received_tc_token("a", b"t1", 10).await.unwrap();
    b.store_received_tc_token("a", b"t0", 9).await.unwrap();
    assert_eq!(of("a").await, Some((b"t1".to_vec(), 10, Some(50))));
    b.store_received_tc_token("a", b"t2", 10).await.unwrap();
    b.touch_tc_token_sender_timestamp("a", 40).await.unwrap();
    b.touch_tc_token_sender_timestamp("a", 60).await.unwrap();
    assert_eq!(of("a").await, Some((b"t2".to_vec(), 10, Some(60))));
    b.store_received_tc_token("b", b"x", 1).await.unwrap();
    b.touch_tc_token_sender_timestamp("b", 2).await.unwrap();
    assert_eq!(of("b").await, Some((b"x".to_vec(), 1, Some(2))));
    let whole = TcTokenEntry { token: vec![1], token_timestamp: 3, sender_timestamp: None };
    b.put_tc_token("b", &whole).await.unwrap();
    assert_eq!(of("b").await, Some((vec![1], 3, None)));
    assert_eq!(sorted(b.get_all_tc_token_jids().await.unwrap()), ["a", "b"]);
    b.delete_tc_token("a").await.unwrap();
    assert_eq!(of("a").await, None);
}

pub(super) async fn expired_tc_tokens(b: &impl Backend) {
    for (jid, token, at, sender) in [
        ("both live", b"t".as_slice(), 100, Some(100)),
        ("token live", b"t", 100, Some(1)),
        ("sender live", b"t", 1, Some(100)),
        ("placeholder", b"", 100, Some(1)),
        ("stale", b"t", 1, None),
        ("on the edge", b"t", 50, None),
    ] {
        let entry = TcTokenEntry { token: token.to_vec(), token_timestamp: at, sender_timestamp: sender };
        b.put_tc_token(jid, &entry).await.unwrap();
    }
    assert!(b.get_tc_token("stale").await.unwrap().is_some());
    assert_eq!(b.delete_expired_tc_tokens(50, 50).await.unwrap(), 2);
    assert!(b.get_tc_token("stale").await.unwrap().is_none());
    assert_eq!(
        sorted(b.get_all_tc_token_jids().await.unwrap()),
        ["both live", "on the edge", "sender live", "token live"]
    );
}

pub(super) async fn sent_messages(b: &impl Backend) {
    b.store_sent_message("c", "M1", b"one").await.unwrap();
    b.store_sent_message("c", "M1", b"again").await.unwrap();
    b.store_sent_message("d", "M1", b"other").await.unwrap();
    assert_eq!(b.take_sent_message("c", "M1").await.unwrap().as_deref(), Some(b"again".as_slice()));
    assert_eq!(b.take_sent_message("c", "M2").await.unwrap(), None);
    assert_eq!(b.delete_expired_sent_messages(0).await.unwrap(), 0);
    // Whether what was taken is still there, each store decides for itself.
    assert!(b.delete_expired_sent_messages(i64::MAX).await.unwrap() >= 1);
    assert_eq!(b.take_sent_message("d", "M1").await.unwrap(), None);
}

pub(super) async fn pending_inbound(b: &impl Backend) {
    let row = |sender, id, message| PendingInboundRow { chat: "c", sender, id, message };
    b.store_pending_inbound("c", "s", "M1", b"one").await.unwrap();
    b.store_pending_inbound_batch(&[
        row("s", "M1", b"one again"),
        row("t", "M1", b"two"),
        row("s", "M2", b"three"),
    ])
    .await
    .unwrap();
    assert_eq!(
        b.get_pending_inbound("c", "s", "M1").await.unwrap().as_deref(),
        Some(b"one again".as_slice())
    );
    assert_eq!(b.get_pending_inbound("c", "t", "M1").await.unwrap().as_deref(), Some(b"two".as_slice()));
    b.delete_pending_inbound("c", "t", "M1").await.unwrap();
    b.delete_pending_inbound_batch(&[PendingInboundKey { chat: "c", sender: "s", id: "M1" }]).await.unwrap();
    assert_eq!(b.get_pending_inbound("c", "s", "M1").await.unwrap(), None);
    assert_eq!(b.delete_expired_pending_inbound(0).await.unwrap(), 0);
    assert_eq!(b.delete_expired_pending_inbound(i64::MAX).await.unwrap(), 1);
    assert_eq!(b.get_pending_inbound("c", "s", "M2").await.unwrap(), None);
}

pub(super) async fn message_secrets(b: &impl Backend) {
    let entry = |id: &str, secret: u8, expires_at, message_ts| MsgSecretEntry {
        chat: "c".into(),
        sender: "s".into(),
        msg_id: id.into(),
        secret: [secret; 32],
        expires_at,
        message_ts,
    };
    assert_eq!(b.put_msg_secrets(vec![entry("A", 1, 100, 7), entry("B", 2, 50, 0)]).await.unwrap(), 2);
    // The later deadline wins, "never" wins over all, a known time is not forgotten; the secret is the last one.
    assert_eq!(b.put_msg_secrets(vec![entry("A", 3, 60, 0), entry("A", 4, 80, 5)]).await.unwrap(), 2);
    assert_eq!(b.get_msg_secret_with_ts("c", "s", "A").await.unwrap(), Some((vec![4; 32], 7)));
    b.put_msg_secret("c", "s", "N", &[9; 32]).await.unwrap();
    b.put_msg_secrets(vec![entry("N", 9, 10, 1)]).await.unwrap();
    assert_eq!(b.delete_expired_msg_secrets(50).await.unwrap(), 1);
    assert_eq!(b.get_msg_secret("c", "s", "B").await.unwrap(), None);
    assert_eq!(b.delete_expired_msg_secrets(99).await.unwrap(), 0);
    assert_eq!(b.delete_expired_msg_secrets(100).await.unwrap(), 1);
    assert_eq!(b.get_msg_secret("c", "s", "N").await.unwrap(), Some(vec![9; 32]));
}

pub(super) async fn the_device(b: &impl Backend) {
    assert!(!b.exists().await.unwrap());
    assert!(b.load().await.unwrap().is_none());
    b.create().await.unwrap();
    assert!(b.exists().await.unwrap());
    let made = b.load().await.unwrap().unwrap();
    b.create().await.unwrap();
    assert_eq!(b.load().await.unwrap().unwrap().registration_id, made.registration_id);

    let mut device = Device::new();
    device.pn = Some("6281:5@s.whatsapp.net".parse().unwrap());
    device.push_name = "Toko".into();
    device.login_counter = 3;
    device.account = Some(Arc::new(waproto::whatsapp::ADVSignedDeviceIdentity {
        details: Some(vec![1, 2, 3]),
        ..Default::default()
    }));
    b.save(&device).await.unwrap();
    let read = b.load().await.unwrap().unwrap();
    assert_eq!(read.pn, device.pn);
    assert_eq!((read.push_name.as_str(), read.login_counter), ("Toko", 3));
    assert_eq!(read.noise_key.private_key.serialize(), device.noise_key.private_key.serialize());
    assert_eq!(read.signed_pre_key_signature, device.signed_pre_key_signature);
    assert_eq!(read.account, device.account);
    // The fields that are not part of the record come back as a new device has them.
    assert_eq!(read.device_props, device.device_props);
    assert_eq!(read.client_profile.manufacturer, device.client_profile.manufacturer);
    assert!(!read.nct_salt_sync_seen);
}
