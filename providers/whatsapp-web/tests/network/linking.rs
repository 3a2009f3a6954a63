//! Linking, and what is told when it does not come about.

use std::time::Duration;

use cetar_model::{DownReason, LinkMethod};
use cetar_provider::{LinkError, LinkStep, SessionEnd};
use cetar_simulator_whatsapp_web::LinkRefused;
use cetar_whatsapp_web::{Linking, Settings};

use crate::world::{OWNER, World, done, next, qr, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_linked_by_qr_and_its_session_starts_from_what_was_stored() {
    let mut world = World::new().await;
    world.phone.push_name("Toko Budi");
    let mut process = world.begin(LinkMethod::Qr).await;
    let code = qr(process.as_mut()).await;
    soon("the scan", world.phone.scan(&code)).await.expect("linked");
    assert!(next(process.as_mut()).await.expect("a step") == LinkStep::Connecting);
    let linked = done(process.as_mut()).await;
    assert_eq!(linked.address, OWNER);
    assert_eq!(linked.name.as_deref(), Some("Toko Budi"));
    // Nothing of the linking client is left: two on one state would break its keys.
    soon("no socket", world.simulator.wait_until(|simulator| simulator.connections() == 0)).await;
    assert!(
        matches!(next(process.as_mut()).await, Err(LinkError::Failed(_))),
        "there is no step after the last"
    );

    let running = world.run().await;
    assert_eq!(world.phone.linked_devices().await.len(), 1);
    running.stop().await;
    // And again, as after a restart of the process.
    let running = world.run().await;
    assert_eq!(world.phone.linked_devices().await.len(), 1);
    running.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_linked_by_a_code_typed_into_the_phone() {
    let mut world = World::new().await;
    let mut process = world.begin(LinkMethod::PairingCode).await;
    let LinkStep::Code { code, expires_in } = next(process.as_mut()).await.expect("a code") else {
        panic!("not a code")
    };
    assert_eq!((code.len(), code.find('-')), (9, Some(4)), "two groups of four, as the phone shows them");
    assert!(expires_in > Duration::from_mins(2));
    let wrong = if code.starts_with('A') { code.replacen('A', "B", 1) } else { format!("A{}", &code[1..]) };
    assert_eq!(soon("a wrong code", world.phone.enter_code(&wrong)).await, Err(LinkRefused::WrongCode));
    soon("the code", world.phone.enter_code(&code)).await.expect("linked");
    assert_eq!(done(process.as_mut()).await.address, OWNER);
    world.run().await.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_qr_replaces_one_that_is_void() {
    let world = World::new().await;
    let mut process = world.begin(LinkMethod::Qr).await;
    let old = qr(process.as_mut()).await;
    world.simulator.expire_codes();
    assert_eq!(world.phone.scan(&old).await, Err(LinkRefused::UnknownCode));
    let new = qr(process.as_mut()).await;
    assert_ne!(new, old);
    soon("the scan", world.phone.scan(&new)).await.expect("linked");
    done(process.as_mut()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_while_the_qr_is_shown_is_made_again() {
    let world = World::new().await;
    let mut process = world.begin(LinkMethod::Qr).await;
    let old = qr(process.as_mut()).await;
    world.simulator.faults().drop_all();
    let new = qr(process.as_mut()).await;
    assert_ne!(new, old);
    soon("the scan", world.phone.scan(&new)).await.expect("linked");
    done(process.as_mut()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_while_a_code_is_shown_brings_another_code() {
    let world = World::new().await;
    let mut process = world.begin(LinkMethod::PairingCode).await;
    let LinkStep::Code { code: old, .. } = next(process.as_mut()).await.expect("a code") else {
        panic!("no code")
    };
    world.simulator.faults().drop_all();
    let LinkStep::Code { code: new, .. } = next(process.as_mut()).await.expect("a code") else {
        panic!("no code")
    };
    assert_ne!(new, old);
    soon("the code", world.phone.enter_code(&new)).await.expect("linked");
    done(process.as_mut()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_whose_session_runs_cannot_be_linked_under_it() {
    let finish = Duration::from_secs(2);
    let change = |settings| Settings { linking: Linking { finish, ..Linking::default() }, ..settings };
    let (world, running) = World::connected_with(change).await;
    let mut process = world.begin(LinkMethod::Qr).await;
    assert!(matches!(next(process.as_mut()).await, Err(LinkError::Failed(_))));
    running.send(&world.message("tidak terganggu")).await.expect("sent");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qr_nobody_scans_ends_as_expired() {
    let overall = Duration::from_secs(3);
    let change = |settings| Settings { linking: Linking { overall, ..Linking::default() }, ..settings };
    let world = World::with(change).await;
    let mut process = world.begin(LinkMethod::Qr).await;
    qr(process.as_mut()).await;
    assert!(matches!(next(process.as_mut()).await, Err(LinkError::Refused(DownReason::LinkExpired))));
    soon("no socket", world.simulator.wait_until(|simulator| simulator.connections() == 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_wants_a_passkey_says_so() {
    for method in [LinkMethod::Qr, LinkMethod::PairingCode] {
        let world = World::new().await;
        world.phone.require_passkey(true).await;
        let mut process = world.begin(method).await;
        let asked = match next(process.as_mut()).await.expect("a step") {
            LinkStep::Qr { data, .. } => world.phone.scan(&data).await,
            LinkStep::Code { code, .. } => world.phone.enter_code(&code).await,
            LinkStep::Connecting | LinkStep::Done(_) => panic!("nothing to show"),
        };
        assert_eq!(asked, Err(LinkRefused::PasskeyRequired), "{method}");
        assert!(
            matches!(next(process.as_mut()).await, Err(LinkError::Refused(DownReason::PasskeyRequired))),
            "{method}"
        );
        soon("no socket", world.simulator.wait_until(|simulator| simulator.connections() == 0)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_cannot_be_reached_is_told_at_once() {
    let world = World::new().await;
    world.simulator.faults().refuse_connections(true);
    let mut process = world.begin(LinkMethod::Qr).await;
    assert!(matches!(next(process.as_mut()).await, Err(LinkError::Failed(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linking_that_is_given_up_ends_its_client_and_can_begin_anew() {
    let mut world = World::new().await;
    let mut process = world.begin(LinkMethod::Qr).await;
    qr(process.as_mut()).await;
    drop(process);
    // Begins at once, while the first may still be on its way out.
    world.link().await;
    world.run().await.stop().await;
    soon("the end of all", world.provider.close()).await;
    soon("no socket", world.simulator.wait_until(|simulator| simulator.connections() == 0)).await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linking_anew_leaves_nothing_of_the_old_account() {
    let mut world = World::new().await;
    world.link().await;
    let old = world.phone.linked_devices().await;
    world.phone.unlink_all().await;
    world.link().await;
    assert_ne!(world.phone.linked_devices().await, old);
    world.run().await.stop().await;
    assert_eq!(world.simulator.violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_link_to_an_account_is_undone_on_the_phone_and_told() {
    for method in [LinkMethod::Qr, LinkMethod::PairingCode] {
        let world = World::new().await;
        world.host.link_elsewhere(OWNER);
        let mut process = world.begin(method).await;
        match next(process.as_mut()).await.expect("a step") {
            LinkStep::Qr { data, .. } => soon("the scan", world.phone.scan(&data)).await,
            LinkStep::Code { code, .. } => soon("the code", world.phone.enter_code(&code)).await,
            LinkStep::Connecting | LinkStep::Done(_) => panic!("nothing to show"),
        }
        .expect("the phone links");
        assert!(next(process.as_mut()).await.expect("a step") == LinkStep::Connecting);
        assert!(
            matches!(next(process.as_mut()).await, Err(LinkError::Refused(DownReason::AlreadyLinked))),
            "{method}"
        );
        assert_eq!(world.phone.linked_devices().await, Vec::<String>::new(), "{method}");
        soon("no socket", world.simulator.wait_until(|simulator| simulator.connections() == 0)).await;
        assert_eq!(world.simulator.violations(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_without_a_link_ends_as_logged_out() {
    let world = World::new().await;
    assert_eq!(world.start().ended().await, SessionEnd::Ended(DownReason::LoggedOut));
}
