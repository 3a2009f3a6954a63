//! Who is let in.

use std::{net::IpAddr, time::Duration};

use cetar_engine::{
    auth::{AuthError, Caller},
    endpoints::{EndpointError, NewEndpoint},
    keys::{KeyError, NewKey},
};
use cetar_model::Plan;
use cetar_store::{ApiKey, Scope};
use secrecy::ExposeSecret;

use crate::world::{LOCALHOST, Node, OTHER_NODE, World};

fn key() -> NewKey {
    NewKey {
        name: "Toko".to_owned(),
        test: false,
        devices: Vec::new(),
        allow_ips: Vec::new(),
        expires_in: None,
        scopes: Vec::new(),
    }
}

async fn make(node: &Node, key: NewKey) -> (ApiKey, String) {
    let (key, secret) = node.engine.create_key(&node.operator, key).await.unwrap();
    (key, secret.expose_secret().to_owned())
}

async fn let_in(node: &Node, secret: &str) -> Result<Caller, AuthError> {
    node.engine.authenticate(Some(secret), LOCALHOST).await
}

#[tokio::test]
async fn a_key_is_let_in_as_what_it_is() {
    let world = World::new();
    let node = world.start().await;
    let (made, secret) = make(&node, key()).await;
    let caller = let_in(&node, &secret).await.unwrap();
    assert_eq!(caller.workspace.id, node.operator.workspace.id);
    assert_eq!(caller.key.as_ref().map(|key| &key.id), Some(&made.id));
    assert!(caller.may(Scope::Messages) && !caller.may(Scope::Admin));

    let (_, admin) = make(&node, NewKey { scopes: vec![Scope::Admin], ..key() }).await;
    let admin = let_in(&node, &admin).await.unwrap();
    assert!(admin.may(Scope::Messages) && admin.may(Scope::Admin));
    assert!(node.operator.may(Scope::Admin));
}

#[tokio::test]
async fn a_key_tied_to_a_device_does_not_reach_beyond_it() {
    let world = World::new();
    let node = world.start().await;
    let tied = NewKey { scopes: vec![Scope::Admin], devices: vec![node.device.clone()], ..key() };
    let (_, secret) = make(&node, tied).await;
    let caller = let_in(&node, &secret).await.unwrap();
    let (made, _) = node.engine.create_key(&caller, key()).await.unwrap();
    assert_eq!(made.devices, std::slice::from_ref(&node.device), "its keys have its ties");
    let everywhere = NewEndpoint { url: "https://example.com/hook".to_owned(), ..NewEndpoint::default() };
    let refused = node.engine.add_endpoint(&caller, everywhere).await;
    assert!(matches!(refused, Err(EndpointError::NoSuchDevice)), "it may not listen to all devices");
}

#[tokio::test]
async fn whatever_is_not_a_valid_key_is_turned_away_with_its_reason() {
    let world = World::new();
    let node = world.start().await;
    let (_, secret) = make(&node, key()).await;
    let typo = secret.replace(&secret[20..21], if &secret[20..21] == "x" { "y" } else { "x" });
    assert!(matches!(node.engine.authenticate(None, LOCALHOST).await, Err(AuthError::Missing)));
    assert!(matches!(let_in(&node, "").await, Err(AuthError::Missing)));
    assert!(matches!(let_in(&node, "YOUR_API_KEY").await, Err(AuthError::Malformed)));
    assert!(matches!(let_in(&node, &typo).await, Err(AuthError::Malformed)));

    let elsewhere = World::new();
    let (_, foreign) = make(&elsewhere.start().await, key()).await;
    assert!(matches!(let_in(&node, &foreign).await, Err(AuthError::Unknown)));

    let (made, revoked) = make(&node, key()).await;
    let_in(&node, &revoked).await.unwrap();
    assert!(node.engine.revoke_key(&node.operator, &made.id).await.unwrap());
    assert!(matches!(let_in(&node, &revoked).await, Err(AuthError::Revoked)), "at once");

    let (_, ends) = make(&node, NewKey { expires_in: Some(Duration::from_mins(1)), ..key() }).await;
    let_in(&node, &ends).await.unwrap();
    node.pass(Duration::from_mins(1));
    assert!(matches!(let_in(&node, &ends).await, Err(AuthError::Expired)));
}

#[tokio::test]
async fn a_key_revoked_by_another_process_ends_within_a_second() {
    let world = World::new();
    let node = world.start().await;
    let (made, secret) = make(&node, key()).await;
    let_in(&node, &secret).await.unwrap();
    let other = world.start_as(OTHER_NODE).await;
    other.engine.revoke_key(&other.operator, &made.id).await.unwrap();
    node.pass(Duration::from_secs(1));
    assert!(matches!(let_in(&node, &secret).await, Err(AuthError::Revoked)));
}

#[tokio::test]
async fn a_new_plan_shows_with_the_next_request() {
    let world = World::new();
    let node = world.start().await;
    let (_, secret) = make(&node, key()).await;
    let_in(&node, &secret).await.unwrap();
    let plan = Plan { requests_per_minute: Some(7), ..Plan::default() };
    assert!(node.engine.set_plan(&node.operator.workspace.id, plan.clone()).await.unwrap());
    assert_eq!(let_in(&node, &secret).await.unwrap().workspace.plan, plan);
}

#[tokio::test]
async fn a_key_tied_to_addresses_works_from_there_only() {
    let world = World::new();
    let node = world.start().await;
    let (_, secret) =
        make(&node, NewKey { allow_ips: vec!["203.0.113.0/24".parse().unwrap()], ..key() }).await;
    for (ip, allowed) in
        [("203.0.113.7", true), ("::ffff:203.0.113.7", true), ("203.0.114.7", false), ("2001:db8::1", false)]
    {
        let ip: IpAddr = ip.parse().unwrap();
        let answer = node.engine.authenticate(Some(&secret), ip).await;
        match answer {
            Ok(_) => assert!(allowed, "{ip}"),
            Err(error) => assert!(!allowed && matches!(error, AuthError::IpNotAllowed), "{ip}: {error}"),
        }
    }
}

#[tokio::test]
async fn repeated_wrong_keys_shut_an_address_out_except_for_keys_known_there() {
    let world = World::new();
    let node = world.start().await;
    let (_, known) = make(&node, key()).await;
    let (_, fresh) = make(&node, key()).await;
    let_in(&node, &known).await.unwrap();
    for _ in 0..20 {
        assert!(matches!(let_in(&node, "sk_live_wrong").await, Err(AuthError::Malformed)));
    }
    assert!(matches!(let_in(&node, "sk_live_wrong").await, Err(AuthError::IpBlockedFor(_))));
    assert!(matches!(let_in(&node, &fresh).await, Err(AuthError::IpBlockedFor(_))));
    let_in(&node, &known).await.expect("running integrations behind the same address go on");
    let elsewhere = node.engine.authenticate(Some(&fresh), "203.0.113.7".parse().unwrap()).await;
    elsewhere.expect("other addresses are not concerned");
    node.pass(Duration::from_mins(5));
    let_in(&node, &fresh).await.unwrap();
}

#[tokio::test]
async fn a_key_cannot_be_tied_to_a_device_it_could_never_use() {
    let world = World::new();
    let node = world.start().await;
    let devices = vec![node.device.clone()];
    make(&node, NewKey { devices: devices.clone(), ..key() }).await;
    let refused = node.engine.create_key(&node.operator, NewKey { devices, test: true, ..key() }).await;
    assert!(matches!(refused, Err(KeyError::NoSuchDevice(id)) if id == node.device));
}

#[tokio::test]
async fn when_a_key_was_used_is_written_down_within_a_minute() {
    let world = World::new();
    let node = world.start().await;
    let (made, secret) = make(&node, key()).await;
    let_in(&node, &secret).await.unwrap();
    let used_at = node.engine.clock().now();
    node.pass(Duration::from_mins(1));
    node.until("the use to be written down", async || {
        let keys = node.engine.keys(&node.operator).await.unwrap();
        keys.iter().find(|key| key.id == made.id).and_then(|key| key.last_used_at) == Some(used_at)
    })
    .await;
}
