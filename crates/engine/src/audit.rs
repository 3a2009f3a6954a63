//! Who did what.
use std::net::IpAddr;

use cetar_model::{AuditId, WorkspaceId};
use cetar_store::{AuditEntry, StoreError, User};

use crate::{Engine, auth::Caller};

/// Who did it, as the log names them.
pub(crate) struct Actor {
    kind: &'static str,
    id: Option<String>,
    name: String,
}

impl Actor {
    pub(crate) fn user(user: &User) -> Self {
        Self { kind: "user", id: Some(user.id.to_string()), name: user.email.clone() }
    }

    fn of(caller: &Caller) -> Self {
        if let Some(session) = &caller.session {
            return Self::user(&session.user);
        }
        match &caller.key {
            Some(key) => Self { kind: "key", id: Some(key.id.to_string()), name: key.name.clone() },
            None => Self { kind: "operator", id: None, name: "cetar".to_owned() },
        }
    }
}

impl Engine {
    /// Notes what a caller did. It has been done and cannot be taken back: a line that cannot be written is a line in the program's log.
    pub async fn audit(
        &self,
        caller: &Caller,
        action: &str,
        target: Option<String>,
        from: Option<IpAddr>,
        detail: Option<String>,
    ) {
        self.note(&caller.workspace.id, Actor::of(caller), action, target, from, detail).await;
    }

    pub(crate) async fn note(
        &self,
        workspace: &WorkspaceId,
        actor: Actor,
        action: &str,
        target: Option<String>,
        from: Option<IpAddr>,
        detail: Option<String>,
    ) {
        let now = self.now();
        let entry = AuditEntry {
            id: self.inner.ids.make(now),
            workspace: workspace.clone(),
            actor_kind: actor.kind.to_owned(),
            actor: actor.id,
            actor_name: actor.name,
            action: action.to_owned(),
            target,
            address: from.map(|from| from.to_string()),
            detail,
            created_at: now,
        };
        let (actor, target) = (entry.actor.clone(), entry.target.clone());
        if let Err(error) = self.inner.store.append_audit(entry).await {
            tracing::error!(%error, action, actor, target, "a line of the audit log could not be written");
        }
    }

    /// The workspace's log before a line of it, newest first, at most `limit`.
    pub async fn audit_log(
        &self,
        caller: &Caller,
        before: Option<&AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.inner.store.audit_log(&caller.workspace.id, before, limit).await
    }
}
