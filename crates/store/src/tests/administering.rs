//! Workspaces, users, keys, the block list.

use std::time::Duration;

use cetar_model::{Channel, DeviceState, Health, Language, Plan, Role};

use super::world::{World, on_both_engines};
use crate::{
    ApiKey, BlockedRange, Device, FirstRun, NewDevice, NewUser, Scope, StoreError, Workspace, WorkspaceChange,
};

fn key(world: &World, secret: u8) -> ApiKey {
    ApiKey {
        id: world.ids.make(world.now()),
        workspace: world.workspace.clone(),
        name: "server toko".into(),
        hash: [secret; 32],
        hint: "sk_live_…abcd".into(),
        test: true,
        scopes: vec![Scope::Messages, Scope::Admin],
        devices: vec![world.ids.make(world.now())],
        allow_ips: vec!["203.0.113.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        expires_at: Some(world.now() + Duration::from_hours(1)),
        revoked_at: None,
        last_used_at: None,
        created_at: world.now(),
    }
}

on_both_engines! {
    async fn a_workspace_reads_back_and_its_plan_can_change(world: &World) {
        let plan = Plan { devices: Some(3), broadcast: false, ..Plan::default() };
        let second = Workspace {
            id: world.ids.make(world.now()),
            name: "Cabang".into(),
            plan: Plan::default(),
            language: Language::Indonesian,
            time_zone: "Asia/Jakarta".into(),
            created_at: world.pass(Duration::from_secs(1)),
        };
        world.store.insert_workspace(second.clone()).await.unwrap();
        assert!(matches!(world.store.insert_workspace(second.clone()).await, Err(StoreError::Conflict)));
        let ids: Vec<_> = world.store.workspaces().await.unwrap().into_iter().map(|workspace| workspace.id).collect();
        assert_eq!(ids, [world.workspace.clone(), second.id.clone()], "oldest first");
        assert!(world.store.set_plan(&second.id, plan.clone()).await.unwrap());
        assert_eq!(world.store.workspace(&second.id).await.unwrap(), Some(Workspace { plan: plan.clone(), ..second }));
        let nowhere = world.ids.make(world.now());
        assert!(!world.store.set_plan(&nowhere, plan).await.unwrap());
        let change = |time_zone: &str| WorkspaceChange { time_zone: Some(time_zone.into()), ..WorkspaceChange::default() };
        assert!(!world.store.change_workspace(&nowhere, change("Asia/Makassar")).await.unwrap());
        assert!(world.store.change_workspace(&world.workspace, change("Asia/Makassar")).await.unwrap());
        let name = WorkspaceChange { name: Some("Toko Dua".into()), language: Some(Language::English), time_zone: None };
        assert!(world.store.change_workspace(&world.workspace, name).await.unwrap());
        let changed = world.store.workspace(&world.workspace).await.unwrap().unwrap();
        assert_eq!((changed.name.as_str(), changed.language, changed.time_zone.as_str()), ("Toko Dua", Language::English, "Asia/Makassar"));
        assert_eq!(world.store.workspace(&nowhere).await.unwrap(), None);
    }

    async fn the_first_run_is_made_whole_once_and_on_an_empty_database_alone(world: &World) {
        let counts = || async {
            let mut counts = Vec::new();
            for table in ["workspaces", "users", "devices", "api_keys"] {
                counts.push(world.number(&format!("SELECT COUNT(*) FROM {table}")).await);
            }
            counts
        };
        assert!(!world.store.first_run(first_run(world)).await.unwrap(), "there is a workspace");
        assert_eq!(counts().await, [1, 0, 0, 0]);
        world.raw("DELETE FROM workspaces").await;
        // Two nodes that both find it empty.
        let runs = (0..4).map(|_| world.store.first_run(first_run(world)));
        let made = futures::future::join_all(runs).await;
        assert_eq!(made.iter().filter(|made| *made.as_ref().unwrap()).count(), 1);
        assert_eq!(counts().await, [1, 1, 1, 1]);
        // What is unique is taken: nothing of the rest is written.
        world.raw("DELETE FROM workspaces").await;
        assert!(!world.store.first_run(first_run(world)).await.unwrap());
        assert_eq!(counts().await, [0, 1, 1, 1]);
    }

    async fn a_key_is_found_by_its_hash_with_its_workspace(world: &World) {
        let new = key(world, 7);
        world.store.insert_key(new.clone()).await.unwrap();
        assert!(matches!(world.store.insert_key(key(world, 7)).await, Err(StoreError::Conflict)));
        let (read, workspace) = world.store.key_by_hash(&[7; 32]).await.unwrap().unwrap();
        assert_eq!((&read, &workspace.id), (&new, &world.workspace));
        assert_eq!(world.store.key_by_hash(&[8; 32]).await.unwrap(), None);
        assert_eq!(world.store.keys(&world.workspace).await.unwrap(), [new]);
    }

    async fn a_key_is_revoked_once_and_still_found(world: &World) {
        let new = key(world, 7);
        world.store.insert_key(new.clone()).await.unwrap();
        assert!(!world.store.revoke_key(&world.ids.make(world.now()), &new.id, world.now()).await.unwrap());
        assert!(world.store.revoke_key(&world.workspace, &new.id, world.now()).await.unwrap());
        let first = world.now();
        world.pass(Duration::from_secs(1));
        assert!(!world.store.revoke_key(&world.workspace, &new.id, world.now()).await.unwrap());
        let (read, _) = world.store.key_by_hash(&[7; 32]).await.unwrap().unwrap();
        assert_eq!(read.revoked_at, Some(first));
    }

    async fn the_last_use_of_a_key_never_goes_back(world: &World) {
        let (one, other) = (key(world, 7), key(world, 8));
        world.store.insert_key(one.clone()).await.unwrap();
        world.store.insert_key(other.clone()).await.unwrap();
        let (early, late) = (world.now(), world.now() + Duration::from_secs(9));
        for used in [vec![(one.id.clone(), late), (other.id.clone(), early)], vec![(one.id, early)], vec![]] {
            world.store.touch_keys(used).await.unwrap();
        }
        let used: Vec<_> = world.store.keys(&world.workspace).await.unwrap().iter().map(|key| key.last_used_at).collect();
        assert_eq!(used, [Some(late), Some(early)]);
    }

    async fn a_blocked_network_blocks_its_addresses_in_its_workspace(world: &World) {
        let range = |network: &str| BlockedRange {
            id: world.ids.make(world.now()),
            network: network.parse().unwrap(),
            note: Some("tamu".into()),
            created_at: world.now(),
        };
        let network = range("203.0.113.7/24");
        world.store.block_ip(&world.workspace, network.clone()).await.unwrap();
        world.store.block_ip(&world.workspace, range("2001:db8::/32")).await.unwrap();
        let twice = world.store.block_ip(&world.workspace, range("203.0.113.9/24")).await;
        assert!(matches!(twice, Err(StoreError::Conflict)));
        let listed = world.store.blocked_ranges(&world.workspace).await.unwrap();
        assert_eq!(listed[0], BlockedRange { network: network.network.trunc(), ..network.clone() });
        for (ip, blocked) in [
            ("203.0.113.255", true),
            ("::ffff:203.0.113.1", true),
            ("203.0.114.1", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(world.store.is_ip_blocked(&world.workspace, ip.parse().unwrap()).await.unwrap(), blocked, "{ip}");
        }
        let other = world.ids.make(world.now());
        assert!(!world.store.is_ip_blocked(&other, "203.0.113.1".parse().unwrap()).await.unwrap());
        assert!(!world.store.unblock_ip(&other, &network.id).await.unwrap());
        assert!(world.store.unblock_ip(&world.workspace, &network.id).await.unwrap());
        assert!(!world.store.unblock_ip(&world.workspace, &network.id).await.unwrap());
        assert!(!world.store.is_ip_blocked(&world.workspace, "203.0.113.1".parse().unwrap()).await.unwrap());
    }
}

fn first_run(world: &World) -> FirstRun {
    let now = world.now();
    let workspace = Workspace {
        id: world.ids.make(now),
        name: "default".into(),
        plan: Plan::default(),
        language: Language::Indonesian,
        time_zone: "Asia/Jakarta".into(),
        created_at: now,
    };
    let owner = NewUser {
        id: world.ids.make(now),
        workspace: workspace.id.clone(),
        email: "owner@localhost".into(),
        role: Role::Owner,
        password_hash: "$argon2id$…".into(),
        invitation: None,
        created_at: now,
    };
    let device = Device {
        id: world.ids.make(now),
        workspace: workspace.id.clone(),
        channel: Channel::Whatsapp,
        name: "Sandbox".into(),
        sandbox: true,
        address: None,
        health: Health::new(DeviceState::Connecting, None),
        paused: false,
        paced: true,
        linked_at: Some(now),
        created_at: now,
    };
    let key = ApiKey { workspace: workspace.id.clone(), ..key(world, world.ids.random::<1>()[0]) };
    FirstRun { workspace, owner, devices: vec![NewDevice { device, settings: [].into() }], key }
}
