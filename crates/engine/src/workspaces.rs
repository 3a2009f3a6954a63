//! Tenants and their plans, and the first run.
use cetar_model::{Channel, DeviceId, DeviceState, Health, Language, Plan, WorkspaceId};
use cetar_store::{Device, NewDevice, NewUser, StoreError, Workspace};
use secrecy::SecretString;

use crate::keys::{KeyError, NewKey};

/// The workspace of the first run; a machine with one tenant never needs to name it.
const DEFAULT: &str = "default";

/// What the first run made, to be told once.
pub struct FirstRun {
    /// The workspace.
    pub workspace: Workspace,
    /// A key for the sandbox.
    pub test_key: SecretString,
}

impl crate::Engine {
    /// On an empty database: a workspace, one sandbox device per channel, a `sk_test_` key, the owner's account. `None` on any other.
    /// `owner` is the account's e-mail and Argon2id hash, made by the caller.
    ///
    /// The key is made last and marks the first run as finished: one that was interrupted is finished by the next start.
    pub async fn first_run(&self, owner: (String, String)) -> Result<Option<FirstRun>, StoreError> {
        let store = &self.inner.store;
        let workspace = match &mut store.workspaces().await?[..] {
            [] => self.add_workspace(DEFAULT.to_owned()).await?,
            [only] if only.name == DEFAULT && store.keys(&only.id).await?.is_empty() => only.clone(),
            _ => return Ok(None),
        };
        let now = self.now();
        let (email, password_hash) = owner;
        let user = NewUser {
            id: self.inner.ids.make(now),
            workspace: workspace.id.clone(),
            email,
            role: "owner".to_owned(),
            password_hash,
            created_at: now,
        };
        match store.insert_user(user).await {
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
        let there = store.devices(&workspace.id).await?;
        for channel in Channel::ALL.iter().copied() {
            if !there.iter().any(|device| device.sandbox && device.channel == channel) {
                let device = sandbox_device(self.inner.ids.make(now), workspace.id.clone(), channel, now);
                store
                    .insert_device(NewDevice { device, settings: std::collections::BTreeMap::new() })
                    .await?;
            }
        }
        self.inner.devices.forget(&workspace.id);
        self.inner.sessions.reconcile();
        let key = NewKey {
            name: "First run".to_owned(),
            test: true,
            devices: Vec::new(),
            allow_ips: Vec::new(),
            expires_in: None,
            scopes: Vec::new(),
        };
        match self.create_key(&self.operator(workspace.clone()), key).await {
            Ok((_, test_key)) => Ok(Some(FirstRun { workspace, test_key })),
            Err(KeyError::Store(error)) => Err(error),
            // It names no device.
            Err(KeyError::NoSuchDevice(id)) => {
                Err(StoreError::Corrupt { table: "api_keys", column: "devices", id: id.to_string() })
            }
        }
    }

    /// Adds a tenant.
    pub async fn add_workspace(&self, name: String) -> Result<Workspace, StoreError> {
        let now = self.now();
        let workspace = Workspace {
            id: self.inner.ids.make(now),
            name,
            plan: Plan::default(),
            language: Language::Indonesian,
            created_at: now,
        };
        self.inner.store.insert_workspace(workspace.clone()).await?;
        Ok(workspace)
    }

    /// All, oldest first.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        self.inner.store.workspaces().await
    }

    /// Sets a tenant's plan; false if there is no such tenant.
    pub async fn set_plan(&self, id: &WorkspaceId, plan: Plan) -> Result<bool, StoreError> {
        let set = self.inner.store.set_plan(id, plan).await?;
        // Plans are kept with the keys they came with.
        self.inner.keys.forget_all();
        Ok(set)
    }
}

/// A simulated device needs no linking: it is connected as soon as its session runs.
fn sandbox_device(
    id: DeviceId,
    workspace: WorkspaceId,
    channel: Channel,
    now: cetar_model::Timestamp,
) -> Device {
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
        linked_at: Some(now),
        created_at: now,
    }
}
