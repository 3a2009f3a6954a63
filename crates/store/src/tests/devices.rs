//! Devices, their leases, health and session state.

use std::time::Duration;

use bytes::Bytes;
use cetar_model::{Channel, DeviceState, DownReason, EventData, Health, NextAction};

use super::world::{LEASE, NODE, World, on_both_engines};
use crate::{Device, NewDevice, StateChange, StoreError};

fn put(collection: &'static str, key: &'static str, value: &'static str) -> StateChange {
    StateChange::Put(collection, Bytes::from(key), Bytes::from(value))
}

on_both_engines! {
    async fn a_device_reads_back_as_it_was_written(world: &World) {
        let id: cetar_model::DeviceId = world.ids.make(world.now());
        let device = Device {
            id: id.clone(),
            workspace: world.workspace.clone(),
            channel: Channel::WhatsappOfficial,
            name: "Kasir 😀".into(),
            sandbox: true,
            address: None,
            health: Health {
                state: DeviceState::Restricted,
                reason: Some(DownReason::Restricted),
                last_frame_at: Some(world.now()),
                last_ack_at: Some(world.now() - LEASE),
                until: Some(world.now() + LEASE),
                credentials_until: Some(world.now() + LEASE),
            },
            paused: true,
            paced: false,
            linked_at: None,
            created_at: world.now(),
        };
        let settings = [("token".to_owned(), "EAAG 😀".to_owned()), ("phone_number_id".to_owned(), "1".to_owned())];
        let new = NewDevice { device: device.clone(), settings: settings.clone().into() };
        world.store.insert_device(new.clone()).await.unwrap();
        assert!(matches!(world.store.insert_device(new).await, Err(StoreError::Conflict)));
        let read = world.store.device(&world.workspace, &id).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{device:?}"));
        assert_eq!(world.store.device_settings(&id).await.unwrap(), settings.into());
        assert_eq!(world.store.devices(&world.workspace).await.unwrap().len(), 1);
        assert_eq!(world.store.all_devices().await.unwrap().len(), 1);
        assert!(world.store.device(&world.ids.make(world.now()), &id).await.unwrap().is_none(), "another's");
        assert_eq!(world.number("SELECT COUNT(*) FROM device_settings WHERE LENGTH(value) > 29").await, 2, "sealed");
    }

    async fn one_node_runs_a_device_at_a_time(world: &World) {
        let device = world.device().await;
        let first = world.lease(&device, "node_a").await.unwrap();
        assert_eq!(world.lease(&device, "node_b").await, None);
        let own = world.lease(&device, "node_a").await.expect("its own at once");
        assert!(own.token > first.token);
        world.pass(LEASE);
        let second = world.lease(&device, "node_b").await.expect("it has expired");
        assert!(second.token > own.token);
        assert_eq!(world.lease(&device, "node_a").await, None);
        world.store.release_device(&device, own).await.unwrap();
        assert_eq!(world.lease(&device, "node_a").await, None, "an old holder releases nothing");
        world.store.release_device(&device, second).await.unwrap();
        assert!(world.lease(&device, "node_a").await.is_some());
    }

    async fn renewing_keeps_devices_and_tells_what_is_lost(world: &World) {
        let (kept, taken) = (world.device().await, world.device().await);
        let leases = [
            (kept.clone(), world.lease(&kept, NODE).await.unwrap()),
            (taken.clone(), world.lease(&taken, NODE).await.unwrap()),
        ];
        world.pass(LEASE);
        world.lease(&taken, "node_b").await.unwrap();
        let lost = world.store.renew_devices(NODE, &leases, world.now(), world.now() + LEASE).await.unwrap();
        assert_eq!(lost, std::slice::from_ref(&taken));
        world.pass(LEASE.saturating_sub(Duration::from_secs(1)));
        assert_eq!(world.lease(&kept, "node_b").await, None);
    }

    async fn session_state_is_written_as_one_and_read_back(world: &World) {
        let (device, lease) = world.leased().await;
        let changes = vec![put("a", "k1", "v1"), put("a", "k2", "v2"), put("b", "k1", "other"), put("a", "k1", "newer")];
        world.store.save_state(&device, lease, changes).await.unwrap();
        assert_eq!(world.store.state(&device, "a", b"k1").await.unwrap().as_deref(), Some(&b"newer"[..]));
        assert_eq!(world.store.state(&device, "b", b"k1").await.unwrap().as_deref(), Some(&b"other"[..]));
        assert_eq!(world.store.state(&device, "a", b"k3").await.unwrap(), None);
        let all = world.store.state_all(&device, "a").await.unwrap();
        assert_eq!(all, [(Bytes::from("k1"), Bytes::from("newer")), (Bytes::from("k2"), Bytes::from("v2"))]);
        assert_eq!(world.number("SELECT COUNT(*) FROM session_state WHERE LENGTH(value) > 40").await, 3, "sealed");

        let changes = vec![StateChange::Delete("a", Bytes::from("k1")), StateChange::Clear("b"), put("c", "", "")];
        world.store.save_state(&device, lease, changes).await.unwrap();
        assert_eq!(world.store.state_all(&device, "a").await.unwrap().len(), 1);
        assert_eq!(world.store.state_all(&device, "b").await.unwrap(), []);
        assert_eq!(world.store.state(&device, "c", b"").await.unwrap(), Some(Bytes::new()));
        world.store.save_state(&device, lease, vec![StateChange::ClearAll, put("d", "k", "v")]).await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM session_state").await, 1);
    }

    async fn a_thousand_keys_are_saved_in_one_go(world: &World) {
        let (device, lease) = world.leased().await;
        let key = |n: u32| Bytes::from(format!("prekey-{n:04}"));
        let value = |n: u32| Bytes::from(vec![7; n as usize]);
        let mut changes: Vec<_> = (0..1000).map(|n| StateChange::Put("prekeys", key(n), Bytes::from("old"))).collect();
        changes.extend((0..1000).map(|n| StateChange::Put("prekeys", key(n), value(n))));
        changes.push(StateChange::Delete("prekeys", key(3)));
        changes.push(StateChange::Put("prekeys", key(1000), value(1000)));
        world.store.save_state(&device, lease, changes).await.unwrap();
        let all = world.store.state_all(&device, "prekeys").await.unwrap();
        let expected: Vec<_> = (0..=1000).filter(|n| *n != 3).map(|n| (key(n), value(n))).collect();
        assert_eq!(all, expected);
    }

    async fn an_older_holder_cannot_write_session_state(world: &World) {
        let (device, lease) = world.leased().await;
        world.store.save_state(&device, lease, vec![put("a", "k", "old")]).await.unwrap();
        let newer = world.lease(&device, NODE).await.unwrap();
        let late = world.store.save_state(&device, lease, vec![put("a", "k", "late"), StateChange::ClearAll]).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)));
        assert_eq!(world.store.state(&device, "a", b"k").await.unwrap().as_deref(), Some(&b"old"[..]));
        world.store.save_state(&device, newer, vec![put("a", "k", "new")]).await.unwrap();
    }

    async fn session_state_copied_to_another_place_does_not_open(world: &World) {
        let (device, lease) = world.leased().await;
        world.store.save_state(&device, lease, vec![put("a", "k1", "one"), put("a", "k2", "two")]).await.unwrap();
        world.raw("UPDATE session_state SET value = (SELECT value FROM session_state ORDER BY key LIMIT 1)").await;
        assert!(world.store.state(&device, "a", b"k1").await.is_ok());
        let error = world.store.state(&device, "a", b"k2").await.unwrap_err().to_string();
        assert_eq!(error, format!("corrupt row: session_state.value of {device}/a"));
    }

    async fn a_change_of_health_is_told_once(world: &World) {
        let (device, lease) = world.leased().await;
        world.endpoint(&["session.state"]).await;
        let until = world.now() + Duration::from_hours(1);
        let restricted = Health {
            until: Some(until),
            last_frame_at: Some(world.now()),
            ..Health::new(DeviceState::Restricted, Some(DownReason::Restricted))
        };
        assert!(world.store.set_health(&device, Some(lease), restricted, world.now()).await.unwrap());
        let later = Health { last_frame_at: Some(world.pass(LEASE)), ..restricted };
        assert!(!world.store.set_health(&device, Some(lease), later, world.now()).await.unwrap());
        let shown = world.store.device(&world.workspace, &device).await.unwrap().unwrap();
        assert_eq!(shown.health, later);
        let events = world.events().await;
        assert_eq!(events.len(), 1);
        let EventData::Session(data) = &events[0].data else { panic!() };
        assert_eq!((data.state, data.reason), (DeviceState::Restricted, Some(DownReason::Restricted)));
        assert_eq!((data.next_action, data.until), (Some(NextAction::SlowDown), Some(until.as_secs())));
        assert!(data.message.as_deref().unwrap().starts_with("WhatsApp has restricted"));
    }

    async fn health_under_an_old_lease_is_refused_and_without_one_is_not(world: &World) {
        let (device, lease) = world.leased().await;
        world.lease(&device, NODE).await.unwrap();
        let down = Health::new(DeviceState::Stopped, Some(DownReason::Paused));
        let late = world.store.set_health(&device, Some(lease), down, world.now()).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)));
        assert!(world.store.set_health(&device, None, down, world.now()).await.unwrap());
        let nobody = world.ids.make(world.now());
        assert!(!world.store.set_health(&nobody, None, down, world.now()).await.unwrap());
    }

    async fn linking_sets_address_time_and_state(world: &World) {
        let (device, lease) = world.leased().await;
        world.pass(LEASE);
        world.store.set_linked(&device, lease, "6281299999999", world.now()).await.unwrap();
        let shown = world.store.device(&world.workspace, &device).await.unwrap().unwrap();
        assert_eq!((shown.address.as_deref(), shown.linked_at), (Some("6281299999999"), Some(world.now())));
        assert_eq!(shown.health.state, DeviceState::Connecting);
        world.lease(&device, NODE).await.unwrap();
        let late = world.store.set_linked(&device, lease, "0", world.now()).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)));
    }

    async fn another_device_of_the_same_workspace_that_is_linked_to_an_account_is_found(world: &World) {
        let (known, lease) = world.leased().await;
        let asking = world.device().await;
        let store = &world.store;
        store.set_linked(&known, lease, "6281299999999", world.now()).await.unwrap();
        assert!(store.is_linked_elsewhere(&asking, "6281299999999").await.unwrap());
        assert!(!store.is_linked_elsewhere(&asking, "6281299999998").await.unwrap(), "another account");
        assert!(!store.is_linked_elsewhere(&known, "6281299999999").await.unwrap(), "itself");
        for (state, counts) in [
            (DeviceState::Stopped, true),
            (DeviceState::Replaced, true),
            (DeviceState::Linking, false),
            (DeviceState::LoggedOut, false),
            (DeviceState::Connected, true),
        ] {
            store.set_health(&known, None, Health::new(state, None), world.now()).await.unwrap();
            assert_eq!(store.is_linked_elsewhere(&asking, "6281299999999").await.unwrap(), counts, "{state}");
        }
        for elsewhere in ["workspace = 'another'", "channel = 'telegram'", "sandbox = TRUE"] {
            let device = world.device().await;
            world.raw(&format!("UPDATE devices SET {elsewhere} WHERE id = '{device}'")).await;
            assert!(!store.is_linked_elsewhere(&device, "6281299999999").await.unwrap(), "{elsewhere}");
        }
        store.remove_device(&world.workspace, &known, world.now()).await.unwrap();
        assert!(!store.is_linked_elsewhere(&asking, "6281299999999").await.unwrap(), "it is gone");
    }

    async fn of_two_devices_that_are_linked_to_one_account_at_once_one_is(world: &World) {
        let ((one, of_one), (other, of_other)) = (world.leased().await, world.leased().await);
        let link = |device: cetar_model::DeviceId, lease| {
            let store = world.store.clone();
            async move { store.set_linked(&device, lease, "6281299999999", world.now()).await }
        };
        let both = futures::join!(link(one.clone(), of_one), link(other.clone(), of_other));
        assert!(
            matches!(both, (Ok(()), Err(StoreError::Conflict)) | (Err(StoreError::Conflict), Ok(()))),
            "{both:?}"
        );
        let linked = world.store.devices(&world.workspace).await.unwrap().into_iter();
        assert_eq!(linked.filter(|device| device.address.as_deref() == Some("6281299999999")).count(), 1);
        let (linked, lease) = if both.0.is_ok() { (one, of_one) } else { (other, of_other) };
        assert!(link(linked, lease).await.is_ok(), "itself, once more");
    }

    async fn pausing_is_for_devices_that_are_there(world: &World) {
        let device = world.device().await;
        assert!(world.store.set_paused(&world.workspace, &device, true).await.unwrap());
        assert!(world.store.device(&world.workspace, &device).await.unwrap().unwrap().paused);
        assert!(!world.store.set_paused(&world.ids.make(world.now()), &device, true).await.unwrap());
    }

    async fn a_setting_that_the_network_renewed_gives_way_to_what_a_person_gave(world: &World) {
        let (device, lease) = world.leased().await;
        let renew = |was: &'static str, is: &'static str| world.store.renew_setting(&device, lease, "access_token", (was, is));
        assert!(!renew("lama", "baru").await.unwrap(), "there is none");
        let given = |value: &str| crate::DeviceChange {
            workspace: world.workspace.clone(),
            device: device.clone(),
            name: None,
            paced: None,
            settings: [("access_token".to_owned(), value.to_owned())].into(),
            node: NODE.to_owned(),
            now: world.now(),
        };
        let stored = async || world.store.device_settings(&device).await.unwrap().remove("access_token").unwrap();
        let ends = Health { credentials_until: Some(world.now()), ..Health::new(DeviceState::Connected, None) };
        world.store.set_health(&device, Some(lease), ends, world.now()).await.unwrap();
        assert!(world.store.change_device(given("lama")).await.unwrap());
        let shown = world.store.device(&world.workspace, &device).await.unwrap().unwrap();
        assert_eq!(shown.health.credentials_until, None, "whose end is not that of the ones before");
        assert!(renew("lama", "baru").await.unwrap());
        assert_eq!(stored().await, "baru");
        assert!(!renew("lama", "lebih baru").await.unwrap(), "a person was first");
        assert_eq!(stored().await, "baru");
        world.pass(LEASE);
        let other = world.lease(&device, "other").await;
        assert!(matches!(renew("baru", "x").await, Err(StoreError::LeaseLost)), "{other:?}");
    }
}
