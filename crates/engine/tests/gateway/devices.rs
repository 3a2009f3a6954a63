//! Devices: added, paused, restarted, logged out, removed; and the trouble of one staying its own.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use cetar_engine::devices::{DeviceError, NewDevice};
use cetar_model::{
    Channel, ContentKind, DeviceState as D, DownReason, FailureCode, Health, LinkMethod, MessageId,
    MessageState as S, PhoneNumber, Plan, SendError, Sent,
};
use cetar_provider::{
    Account, ByteStream, Capabilities, CheckError, DownloadError, Host, Inbound, Length, LinkError,
    LinkProcess, LinkRequest, NumberCheck, Outbound, Provider, Receives, Session, SessionEnd, SettingsError,
};
use tokio_util::sync::CancellationToken;

use crate::world::{Node, World};

const BUDI: &str = "6281234567890";

#[tokio::test]
async fn a_paused_device_holds_its_messages_until_it_is_resumed() {
    let world = World::new();
    let node = world.start().await;
    node.engine.pause_device(&node.operator, &node.device, true).await.unwrap();
    assert_eq!(node.health().await, Health::new(D::Stopped, Some(DownReason::Paused)), "at once");
    node.device_is(D::Stopped).await;
    world.sessions_are(0).await;
    let job = node.send(BUDI, "Halo!").await;
    node.run_until_idle().await;
    assert_eq!(node.job(&job).await.held.and_then(|health| health.reason), Some(DownReason::Paused));

    node.engine.pause_device(&node.operator, &node.device, false).await.unwrap();
    node.message_is(&job, S::Sent).await;
}

#[tokio::test]
async fn a_pause_finishes_the_attempt_under_way() {
    let world = World::new();
    let node = world.start().await;
    world.network.hold_sends();
    let job = node.send(BUDI, "Halo!").await;
    world.network.attempts_begun(1).await;
    node.engine.pause_device(&node.operator, &node.device, true).await.unwrap();
    world.network.release();
    node.message_is(&job, S::Sent).await;
    node.device_is(D::Stopped).await;
}

#[tokio::test]
async fn a_restarted_device_gets_a_fresh_session_on_the_same_link() {
    let world = World::new();
    let node = world.start().await;
    let before = world.network.host().unwrap();
    node.engine.restart_device(&node.operator, &node.device).await.unwrap();
    node.until("another session", async || !Arc::ptr_eq(&before, &world.network.host().unwrap())).await;
    world.sessions_are(1).await;
    let late = before.emit(Inbound::Health(Health::new(D::LoggedOut, None))).await;
    assert!(late.is_err(), "what is left of the old session can do no harm");
    assert_eq!(node.health().await.state, D::Connected);
}

#[tokio::test]
async fn a_device_that_is_logged_out_takes_no_more_messages() {
    let world = World::new();
    let node = world.start().await;
    node.engine.logout_device(&node.operator, &node.device).await.unwrap();
    assert_eq!(node.stored_health().await, Health::new(D::LoggedOut, Some(DownReason::LoggedOut)));
    assert_eq!(*world.network.running().borrow(), 0);
    let refused = node.accept(Node::text(BUDI, "Halo!")).await;
    assert!(matches!(refused, Err(cetar_engine::accept::AcceptError::DeviceNotLinked(_))));
    let again = node.engine.logout_device(&node.operator, &node.device).await;
    assert!(matches!(again, Err(DeviceError::NotLinked)));
}

#[tokio::test]
async fn a_device_that_is_removed_fails_what_waits_and_is_gone() {
    let world = World::new();
    let node = world.start().await;
    world.network.set_health(Health::new(D::Connecting, Some(DownReason::Disconnected))).await;
    let job = node.send(BUDI, "Halo!").await;
    node.engine.remove_device(&node.operator, &node.device).await.unwrap();
    assert_eq!(*world.network.running().borrow(), 0);
    assert!(node.engine.devices(&node.operator).await.unwrap().is_empty());
    assert_eq!(node.job(&job).await.job.message.error, Some((FailureCode::DeviceRemoved, None)));
    let again = node.engine.remove_device(&node.operator, &node.device).await;
    assert!(matches!(again, Err(DeviceError::NotFound)));
}

#[tokio::test]
async fn a_panic_in_one_session_is_its_own_trouble() {
    let world = World::new();
    world.provide(Channel::Telegram, Arc::new(Troublesome { session_panics: true }));
    let node = world.start().await;
    let other = node.device_appears(Channel::Telegram, true).await;
    node.pass(Duration::from_secs(1));
    let health = async || {
        let device = node.engine.device(&node.operator, &other).await.unwrap().unwrap();
        (device.health.state, device.health.reason)
    };
    for pause in [1, 2] {
        node.until("the loss to show", async || {
            health().await == (D::Connecting, Some(DownReason::Disconnected))
        })
        .await;
        node.pass(Duration::from_secs(pause));
    }
    let job = node.send(BUDI, "Halo!").await;
    node.message_is(&job, S::Sent).await;
    assert_eq!(node.health().await.state, D::Connected);
}

fn new_device(channel: Channel, sandbox: bool) -> NewDevice {
    NewDevice { channel, name: "Toko".to_owned(), sandbox, paced: None, settings: BTreeMap::new() }
}

#[tokio::test]
async fn a_new_device_is_unlinked_and_a_sandbox_device_is_connected_by_itself() {
    let world = World::new();
    let node = world.start().await;
    let real = node.engine.add_device(&node.operator, new_device(Channel::Whatsapp, false)).await.unwrap();
    assert_eq!((real.health.state, real.linked_at), (D::Unlinked, None));
    let sandbox = node.engine.add_device(&node.operator, new_device(Channel::Telegram, true)).await.unwrap();
    node.until("the sandbox device to be connected", async || {
        let device = node.engine.device(&node.operator, &sandbox.id).await.unwrap().unwrap();
        device.health.state == D::Connected
    })
    .await;
}

#[tokio::test]
async fn what_the_plan_or_the_build_lacks_cannot_be_added() {
    let world = World::new();
    let node = world.start().await;
    let lacking = node.engine.add_device(&node.operator, new_device(Channel::Instagram, false)).await;
    assert!(matches!(lacking, Err(DeviceError::ChannelNotAvailable(Channel::Instagram))));

    let mut caller = node.operator.clone();
    caller.workspace.plan = Plan { devices: Some(1), channels: vec![Channel::Whatsapp], ..Plan::default() };
    let second = node.engine.add_device(&caller, new_device(Channel::Whatsapp, false)).await;
    assert!(matches!(second, Err(DeviceError::PlanFeatureMissing("devices"))));
    let channel = node.engine.add_device(&caller, new_device(Channel::Telegram, true)).await;
    assert!(matches!(channel, Err(DeviceError::PlanFeatureMissing("telegram"))));
    node.engine
        .add_device(&caller, new_device(Channel::Whatsapp, true))
        .await
        .expect("sandbox devices do not count");
}

#[tokio::test]
async fn the_first_run_makes_a_workspace_with_a_sandbox_device_for_every_channel_and_a_key_once() {
    let world = World::new();
    let node = world.open(crate::world::NODE).await;
    let owner = || ("owner@example.com".to_owned(), "$argon2id$…".to_owned());
    let first = node.first_run(owner()).await.unwrap().expect("an empty database");
    let caller = node
        .authenticate(Some(secrecy::ExposeSecret::expose_secret(&first.test_key)), crate::world::LOCALHOST)
        .await
        .unwrap();
    let devices = node.devices(&caller).await.unwrap();
    let channels: Vec<Channel> = devices.iter().map(|device| device.channel).collect();
    assert_eq!(channels, Channel::ALL);
    assert!(devices.iter().all(|device| device.sandbox));
    node.accept(&caller, Node::text("6281234560001", "Halo!")).await.unwrap();
    assert!(node.first_run(owner()).await.unwrap().is_none());
}

/// A network that panics: over every "boom", or as soon as a session runs.
#[derive(Default)]
pub(crate) struct Troublesome {
    session_panics: bool,
}

struct TroublesomeSession {
    panics: bool,
    host: Arc<dyn Host>,
}

#[async_trait]
impl Provider for Troublesome {
    fn capabilities(&self) -> &Capabilities {
        const TROUBLESOME: Capabilities = Capabilities {
            content: &[ContentKind::Text],
            text: Length::characters(100),
            caption: Length::characters(100),
            captioned: &[],
            markups: &[],
            typing: false,
            media: &[],
            buttons: None,
            check: None,
            resend_is_safe: true,
            link_methods: LinkMethod::ALL,
            concurrency: 1,
            pace: None,
            window: None,
            human_agent: None,
            receives: Receives::NOTHING,
        };
        &TROUBLESOME
    }

    fn remote_id(&self, message: &MessageId) -> Option<String> {
        Some(message.to_string())
    }

    fn open(&self, _account: Account, host: Arc<dyn Host>) -> Result<Arc<dyn Session>, SettingsError> {
        Ok(Arc::new(TroublesomeSession { panics: self.session_panics, host }))
    }

    async fn link(
        &self,
        _account: Account,
        _request: LinkRequest,
        _host: Arc<dyn Host>,
    ) -> Result<Box<dyn LinkProcess>, LinkError> {
        panic!("linking")
    }
}

#[async_trait]
impl Session for TroublesomeSession {
    async fn run(&self, stop: CancellationToken) -> SessionEnd {
        assert!(!self.panics, "as the test wants");
        self.host.emit(Inbound::Health(self.health())).await.unwrap();
        stop.cancelled().await;
        SessionEnd::Stopped
    }

    fn health(&self) -> Health {
        Health::new(D::Connected, None)
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        assert_ne!(message.content.text(), Some("boom"), "as the test wants");
        Ok(Sent { remote_id: message.id.to_string() })
    }

    async fn check(&self, _number: &PhoneNumber) -> Result<NumberCheck, CheckError> {
        Err(CheckError::NotSupported)
    }

    async fn download(&self, _reference: &str) -> Result<ByteStream, DownloadError> {
        panic!("downloading")
    }

    async fn logout(&self) -> Result<(), SendError> {
        Ok(())
    }
}
