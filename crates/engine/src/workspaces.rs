//! Tenants and their plans, and the first run.
use cetar_model::{Plan, WorkspaceId};
use cetar_store::{StoreError, Workspace};
use secrecy::SecretString;

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
    pub async fn first_run(&self, owner: (String, String)) -> Result<Option<FirstRun>, StoreError> {
        todo!()
    }
    /// Adds a tenant.
    pub async fn add_workspace(&self, name: String) -> Result<Workspace, StoreError> {
        todo!()
    }
    /// All, oldest first.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        todo!()
    }
    /// Sets a tenant's plan; false if there is no such tenant.
    pub async fn set_plan(&self, id: &WorkspaceId, plan: Plan) -> Result<bool, StoreError> {
        todo!()
    }
}
