//! Tenants and their plans, and the first run.
use std::collections::BTreeMap;

use cetar_model::{Channel, DeviceId, DeviceState, Health, Language, Plan, Role, Timestamp, WorkspaceId};
use cetar_store::{Device, NewDevice, NewUser, Scope, StoreError, Workspace, WorkspaceChange};
use secrecy::SecretString;

use crate::{auth::Caller, keys::NewKey};

/// The workspace of the first run; a machine with one tenant never needs to name it.
const DEFAULT: &str = "default";
/// Where most of those are who use it.
const DEFAULT_TIME_ZONE: &str = "Asia/Jakarta";

/// What the first run made, to be told once.
pub struct FirstRun {
    /// The workspace.
    pub workspace: Workspace,
    /// A key for the sandbox.
    pub test_key: SecretString,
}

impl crate::Engine {
    /// On an empty database: a workspace, one sandbox device per channel, a `sk_test_` key, the owner's account, in one
    /// transaction, so that what is told was stored and what was stored is told. `None` on any other. `owner` is the account's
    /// e-mail and Argon2id hash, made by the caller.
    pub async fn first_run(&self, owner: (String, String)) -> Result<Option<FirstRun>, StoreError> {
        let (ids, now) = (&self.inner.ids, self.now());
        let workspace = new_workspace(ids.make(now), DEFAULT.to_owned(), now);
        let (email, password_hash) = owner;
        let owner = NewUser {
            id: ids.make(now),
            workspace: workspace.id.clone(),
            email,
            role: Role::Owner,
            password_hash,
            invitation: None,
            created_at: now,
        };
        let devices = Channel::ALL.iter().map(|channel| NewDevice {
            device: sandbox_device(ids.make(now), workspace.id.clone(), *channel, now),
            settings: BTreeMap::new(),
        });
        let devices = devices.collect();
        let key = NewKey {
            name: "First run".to_owned(),
            test: true,
            devices: Vec::new(),
            allow_ips: Vec::new(),
            expires_in: None,
            scopes: vec![Scope::Messages],
        };
        let (key, test_key) = self.new_key(workspace.id.clone(), key);
        let made = cetar_store::FirstRun { workspace: workspace.clone(), owner, devices, key };
        if !self.inner.store.first_run(made).await? {
            return Ok(None);
        }
        self.inner.sessions.reconcile();
        Ok(Some(FirstRun { workspace, test_key }))
    }

    /// Adds a tenant.
    pub async fn add_workspace(&self, name: String) -> Result<Workspace, StoreError> {
        let now = self.now();
        let workspace = new_workspace(self.inner.ids.make(now), name, now);
        self.inner.store.insert_workspace(workspace.clone()).await?;
        Ok(workspace)
    }

    /// All, oldest first.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        self.inner.store.workspaces().await
    }

    /// Changes the caller's own.
    pub async fn change_workspace(
        &self,
        caller: &Caller,
        change: WorkspaceChange,
    ) -> Result<Option<Workspace>, StoreError> {
        let id = &caller.workspace.id;
        self.inner.store.change_workspace(id, change).await?;
        // As for plans.
        self.inner.keys.forget_all();
        self.inner.browsers.forget_all();
        self.inner.store.workspace(id).await
    }

    /// Sets a tenant's plan; false if there is no such tenant.
    pub async fn set_plan(&self, id: &WorkspaceId, plan: Plan) -> Result<bool, StoreError> {
        let set = self.inner.store.set_plan(id, plan).await?;
        // Plans are kept with the keys they came with.
        self.inner.keys.forget_all();
        self.inner.browsers.forget_all();
        Ok(set)
    }
}

fn new_workspace(id: WorkspaceId, name: String, now: Timestamp) -> Workspace {
    let time_zone = DEFAULT_TIME_ZONE.to_owned();
    Workspace { id, name, plan: Plan::default(), language: Language::Indonesian, time_zone, created_at: now }
}

/// A simulated device needs no linking: it is connected as soon as its session runs.
fn sandbox_device(id: DeviceId, workspace: WorkspaceId, channel: Channel, now: Timestamp) -> Device {
    let name = match channel {
        Channel::Whatsapp => "Sandbox WhatsApp",
        Channel::WhatsappOfficial => "Sandbox WhatsApp Official",
        Channel::Telegram => "Sandbox Telegram",
        Channel::Messenger => "Sandbox Messenger",
        Channel::Instagram => "Sandbox Instagram",
    };
    Device {
        id,
        workspace,
        channel,
        name: name.to_owned(),
        sandbox: true,
        address: None,
        health: Health::new(DeviceState::Connecting, None),
        paused: false,
        paced: true,
        linked_at: Some(now),
        created_at: now,
    }
}
