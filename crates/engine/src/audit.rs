//! Who did what.
use std::{net::IpAddr, sync::Mutex};

use cetar_model::{AuditId, WorkspaceId};
use cetar_store::{AuditEntry, StoreError, User};

use crate::{Engine, auth::Caller, lock};

/// Refused sign-ins that wait to be written down, at most. They are limited by address and by name; who has thousands of both fills no
/// memory.
const MOST_WAITING: usize = 1_000;

/// Those that wait.
#[derive(Default)]
pub(crate) struct Refused(Mutex<Vec<AuditEntry>>);

/// Who did it, as the log names them.
struct Actor {
    kind: &'static str,
    id: Option<String>,
    name: String,
}

impl Actor {
    fn user(user: &User) -> Self {
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
        let mut entry = self.entry(&caller.workspace.id, Actor::of(caller), action, from);
        (entry.target, entry.detail) = (target, detail);
        self.write(entry).await;
    }

    /// Notes that a sign-in to this account was refused. Written down by [`Self::write_refused`]: whoever waits for the answer must not
    /// be able to tell by the time it takes whether there is such an account.
    pub(crate) fn note_refused_sign_in(&self, user: &User, from: IpAddr) {
        let entry = self.entry(&user.workspace, Actor::user(user), "signInRefused", Some(from));
        let mut waiting = lock(&self.inner.refused.0);
        if waiting.len() < MOST_WAITING {
            waiting.push(entry);
        }
    }

    /// Writes down what waits for it: every second, at the end, and before the log is read.
    pub(crate) async fn write_refused(&self) {
        let waiting = std::mem::take(&mut *lock(&self.inner.refused.0));
        for entry in waiting {
            self.write(entry).await;
        }
    }

    fn entry(&self, workspace: &WorkspaceId, actor: Actor, action: &str, from: Option<IpAddr>) -> AuditEntry {
        let now = self.now();
        AuditEntry {
            id: self.inner.ids.make(now),
            workspace: workspace.clone(),
            actor_kind: actor.kind.to_owned(),
            actor: actor.id,
            actor_name: actor.name,
            action: action.to_owned(),
            target: None,
            address: from.map(|from| from.to_string()),
            detail: None,
            created_at: now,
        }
    }

    async fn write(&self, entry: AuditEntry) {
        let (action, actor, target) = (entry.action.clone(), entry.actor.clone(), entry.target.clone());
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
        self.write_refused().await;
        self.inner.store.audit_log(&caller.workspace.id, before, limit).await
    }
}
