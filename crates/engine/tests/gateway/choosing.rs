//! "Choosing the device", as the contract has it, and what is refused before anything is stored.

use cetar_engine::{
    accept::{AcceptError, SendRequest},
    auth::Caller,
    devices::NewDevice,
    keys::NewKey,
};
use cetar_model::{Channel, Content, ContentKind, DeviceId, Plan};
use cetar_provider::{Length, Part, Unfit};
use cetar_store::Scope;
use secrecy::ExposeSecret;

use crate::world::{LOCALHOST, Node, World};

async fn caller(node: &Node, test: bool, devices: &[&DeviceId], scopes: &[Scope]) -> Caller {
    let key = NewKey {
        name: "k".to_owned(),
        test,
        devices: devices.iter().map(|id| (*id).clone()).collect(),
        allow_ips: Vec::new(),
        expires_in: None,
        scopes: scopes.to_vec(),
    };
    let (_, secret) = node.engine.create_key(&node.operator, key).await.unwrap();
    node.engine.authenticate(Some(secret.expose_secret()), LOCALHOST).await.unwrap()
}

fn request(channel: Channel, device: Option<&DeviceId>) -> SendRequest {
    SendRequest { channel, device: device.cloned(), ..Node::text("6281234567890", "Halo!") }
}

#[tokio::test]
async fn the_device_is_the_one_named_or_the_only_one_that_would_do() {
    use Channel::{Telegram, Whatsapp};
    let world = World::new();
    let node = world.start().await;
    let first = node.device.clone();
    let second = node.device_appears(Whatsapp, true).await;
    let unlinked = node.device_appears(Whatsapp, false).await;
    let sandbox = NewDevice {
        channel: Whatsapp,
        name: "Sandbox".to_owned(),
        sandbox: true,
        paced: None,
        settings: std::collections::BTreeMap::new(),
    };
    let sandbox = node.engine.add_device(&node.operator, sandbox).await.unwrap().id;

    let live = caller(&node, false, &[], &[]).await;
    let admin = caller(&node, false, &[], &[Scope::Messages, Scope::Admin]).await;
    let tied = caller(&node, false, &[&second], &[]).await;
    let test = caller(&node, true, &[], &[]).await;
    let unknown: DeviceId = "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap();

    let whose = async |caller: &Caller, request| {
        let accepted = node.engine.accept(caller, request).await?;
        let job = node.engine.job(&node.operator, &accepted.job).await?.expect("a job");
        Ok::<_, AcceptError>(job.job.message.device)
    };
    for (who, named, expected) in [
        (&live, Some(&first), &first),
        (&live, Some(&second), &second),
        (&tied, None, &second),
        (&tied, Some(&second), &second),
        (&test, None, &sandbox),
        (&test, Some(&sandbox), &sandbox),
    ] {
        assert_eq!(whose(who, request(Whatsapp, named)).await.unwrap(), *expected);
    }

    let refused = async |caller: &Caller, channel, named: Option<&DeviceId>| {
        whose(caller, request(channel, named)).await.expect_err("to be refused")
    };
    for (who, named) in
        [(&tied, &first), (&test, &first), (&live, &sandbox), (&admin, &sandbox), (&live, &unknown)]
    {
        assert!(matches!(refused(who, Whatsapp, Some(named)).await, AcceptError::DeviceNotAllowed));
    }
    let several = refused(&live, Whatsapp, None).await;
    let all = [&first, &second, &unlinked];
    assert!(
        matches!(several, AcceptError::SeveralDevices(ids) if ids.len() == 3 && all.iter().all(|id| ids.contains(id)))
    );
    assert!(matches!(refused(&live, Telegram, None).await, AcceptError::NoDevice));
    assert!(matches!(refused(&live, Telegram, Some(&first)).await, AcceptError::OtherChannel(Whatsapp)));
    let not_linked = refused(&live, Whatsapp, Some(&unlinked)).await;
    assert!(matches!(not_linked, AcceptError::DeviceNotLinked(id) if id == unlinked));
    node.leaves_open_jobs();
}

#[tokio::test]
async fn what_the_channel_cannot_carry_is_refused_before_it_is_queued() {
    let world = World::new();
    let node = world.start().await;
    let content = |content| SendRequest { content, ..request(Channel::Whatsapp, None) };
    let text = |length| Content::Text { text: "ä".repeat(length) };
    node.accept(content(text(4096))).await.expect("as long as it may be, in characters");
    let long = node.accept(content(text(4097))).await;
    assert!(
        matches!(long, Err(AcceptError::Unfit(why)) if why == [Unfit::TooLong { part: Part::Text, most: Length::characters(4096) }])
    );
    let kind = node.accept(content(Content::Unsupported { kind: "poll".to_owned() })).await;
    assert!(
        matches!(&kind, Err(AcceptError::Unfit(why)) if matches!(why[..], [Unfit::Kind { kind: ContentKind::Unsupported, .. }]))
    );
    node.run_until_idle().await;
}

#[tokio::test]
async fn what_the_plan_lacks_is_refused() {
    let world = World::new();
    let node = world.start().await;
    let mut caller = node.operator.clone();
    caller.workspace.plan = Plan { channels: vec![Channel::Telegram], ..Plan::default() };
    let refused = node.engine.accept(&caller, request(Channel::Whatsapp, None)).await;
    assert!(matches!(refused, Err(AcceptError::PlanFeatureMissing("whatsapp"))));
}
