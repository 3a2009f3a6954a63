//! Linking by QR code and by eight characters, and what is refused.

use cetar_simulator_whatsapp_web::{Event as Logged, LinkRefused, NoisePattern, Simulator};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{OWNER, Session, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_linked_by_qr_code() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let mut session = Session::unlinked(&simulator, None).await;
    let code = session.qr_code().await;
    soon("scan", phone.scan(&code)).await.expect("linked");
    let (jid, lid) = session
        .event("PairSuccess", |event| match event {
            Event::PairSuccess(success) => Some((success.id.to_string(), success.lid.to_string())),
            _ => None,
        })
        .await;
    assert_eq!(jid, "6281100000001:1@s.whatsapp.net");
    assert_eq!(lid, format!("{}:1@lid", phone.lid()));
    session.connected().await;
    assert_eq!(phone.linked_devices().await, [jid]);
    soon(
        "prekeys",
        simulator.wait_for(|event| matches!(event, Logged::PreKeysUploaded { .. }).then_some(())),
    )
    .await;
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_linked_by_eight_characters_and_a_wrong_code_is_refused() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let mut session = Session::unlinked(&simulator, Some(OWNER)).await;
    let code = session.link_code().await;
    let wrong = if code.starts_with('A') { code.replacen('A', "B", 1) } else { format!("A{}", &code[1..]) };
    assert_eq!(soon("wrong code", phone.enter_code(&wrong)).await, Err(LinkRefused::WrongCode));
    assert!(phone.linked_devices().await.is_empty());
    soon("right code", phone.enter_code(&code.to_lowercase())).await.expect("linked");
    session.connected().await;
    assert_eq!(phone.linked_devices().await, ["6281100000001:1@s.whatsapp.net"]);
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_was_not_scanned_in_time_is_void_and_the_client_shows_another() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let mut session = Session::unlinked(&simulator, None).await;
    let old = session.qr_code().await;
    simulator.expire_codes();
    assert_eq!(phone.scan(&old).await, Err(LinkRefused::UnknownCode));
    let new = session.qr_code().await;
    assert_ne!(new, old);
    soon("scan", phone.scan(&new)).await.expect("linked");
    session.connected().await;
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_with_a_passkey_is_not_linked_by_a_code() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    phone.require_passkey(true).await;
    let mut session = Session::unlinked(&simulator, None).await;
    let code = session.qr_code().await;
    assert_eq!(phone.scan(&code).await, Err(LinkRefused::PasskeyRequired));
    let options = session
        .event("PairPasskeyRequest", |event| match event {
            Event::PairPasskeyRequest(request) => Some(request.request_options_json.clone()),
            _ => None,
        })
        .await;
    assert!(whatsapp_rust::passkey::parse_request_options(&options).is_ok());
    assert!(phone.linked_devices().await.is_empty());
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tampered_code_is_refused() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let mut session = Session::unlinked(&simulator, None).await;
    let code = session.qr_code().await;
    let mut fields: Vec<&str> = code.split(',').collect();
    fields.swap(1, 2);
    assert_eq!(phone.scan(&fields.join(",")).await, Err(LinkRefused::KeyMismatch));
    // The secret of another session: the client finds that the phone's signature is not sealed for it.
    let mut fields: Vec<&str> = code.split(',').collect();
    fields[3] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let refused = soon("scan", phone.scan(&fields.join(","))).await;
    assert_eq!(
        refused,
        Err(LinkRefused::RefusedByClient { code: "401".to_owned(), text: "hmac-mismatch".to_owned() })
    );
    assert!(phone.linked_devices().await.is_empty());
    session.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reconnects_uses_the_key_it_kept_and_survives_a_new_one() {
    let simulator = Simulator::start().await;
    let phone = simulator.phone(OWNER);
    let session = Session::linked(&simulator, &phone).await;
    let mut session = session.restart(&simulator).await;
    session.connected().await;
    simulator.faults().rotate_server_key();
    let mut session = session.restart(&simulator).await;
    session.connected().await;
    let patterns: Vec<NoisePattern> = simulator
        .log()
        .into_iter()
        .filter_map(|entry| match entry.event {
            Logged::Connected { pattern, .. } => Some(pattern),
            _ => None,
        })
        .collect();
    assert_eq!(patterns, [NoisePattern::Xx, NoisePattern::Xx, NoisePattern::Ik, NoisePattern::XxFallback]);
    assert_eq!(simulator.violations(), []);
    session.stop().await;
}
