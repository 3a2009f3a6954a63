//! Dashboard accounts, as those manage them who may.
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cetar_model::{BlockId, Role, Timestamp, UserId};
use cetar_store::{
    BlockedRange, CredentialChange, NewUser, StoreError, User, UserChange, UserChanged, Workspace,
};
use ipnet::IpNet;
use secrecy::SecretString;

use crate::{
    Engine,
    auth::Caller,
    passwords::{self, HashError},
    sign_in,
};

/// An invitation is good for this long.
const INVITED_FOR: Duration = Duration::from_hours(7 * 24);

/// Not done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// No such account here.
    #[error("no such account")]
    NotFound,
    /// Only an owner makes, changes or removes owners.
    #[error("only an owner may")]
    OwnersOnly,
    /// Nobody would be left who may do everything.
    #[error("the last owner")]
    LastOwner,
    /// Somebody has this e-mail already.
    #[error("the e-mail is taken")]
    EmailTaken,
    /// The plan allows no further account.
    #[error("the plan lacks members")]
    PlanFeatureMissing,
    /// They have come already.
    #[error("has come already")]
    NotInvited,
    /// The invitation is none, was used, or has ended.
    #[error("the invitation does not hold")]
    InvitationEnded,
    /// Too many tries.
    #[error("too many tries")]
    Limited(Duration),
    /// Our own fault.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An account that was invited: the token goes into the link, and is told this once.
pub struct Invited {
    /// The account.
    pub user: User,
    /// What the link ends with.
    pub token: SecretString,
    /// When it ends.
    pub ends: Timestamp,
}

impl Engine {
    /// The workspace's accounts, oldest first.
    pub async fn users(&self, caller: &Caller) -> Result<Vec<User>, StoreError> {
        self.inner.store.users(&caller.workspace.id).await
    }

    /// Invites somebody.
    pub async fn invite_user(
        &self,
        caller: &Caller,
        email: &str,
        role: Role,
    ) -> Result<Invited, PeopleError> {
        must_be_owner(caller, role)?;
        let (token, hash, ends) = self.invitation();
        let user = self.add_user(&caller.workspace, email, role, String::new(), Some((hash, ends))).await?;
        Ok(Invited { user, token, ends })
    }

    /// A new link for somebody who has not come yet; the one of before ends.
    pub async fn invite_again(&self, caller: &Caller, id: &UserId) -> Result<Invited, PeopleError> {
        let user = self.one(caller, id).await?;
        must_be_owner(caller, user.role)?;
        let (token, hash, ends) = self.invitation();
        if !self.inner.store.invite_again(&caller.workspace.id, id, hash, ends).await? {
            return Err(PeopleError::NotInvited);
        }
        Ok(Invited { user: self.one(caller, id).await?, token, ends })
    }

    fn invitation(&self) -> (SecretString, [u8; 32], Timestamp) {
        let token = URL_SAFE_NO_PAD.encode(self.inner.ids.random::<32>());
        let hash = sign_in::hash(&token);
        (token.into(), hash, self.now() + INVITED_FOR)
    }

    /// Makes an account with a password of its own, told this once: for the command line.
    pub async fn make_user(
        &self,
        caller: &Caller,
        email: &str,
        role: Role,
    ) -> Result<(User, SecretString), PeopleError> {
        must_be_owner(caller, role)?;
        let password = passwords::random(&self.inner.ids);
        let hash = passwords::hash(&self.inner.ids, password.clone()).await?;
        Ok((self.add_user(&caller.workspace, email, role, hash, None).await?, password))
    }

    async fn add_user(
        &self,
        workspace: &Workspace,
        email: &str,
        role: Role,
        password_hash: String,
        invitation: Option<([u8; 32], Timestamp)>,
    ) -> Result<User, PeopleError> {
        if let Some(most) = workspace.plan.members {
            let there = self.inner.store.users(&workspace.id).await?.len();
            if there >= usize::try_from(most).unwrap_or(usize::MAX) {
                return Err(PeopleError::PlanFeatureMissing);
            }
        }
        let now = self.now();
        let id: UserId = self.inner.ids.make(now);
        let user = NewUser {
            id: id.clone(),
            workspace: workspace.id.clone(),
            email: email.trim().to_lowercase(),
            role,
            password_hash,
            invitation,
            created_at: now,
        };
        match self.inner.store.insert_user(user).await {
            Err(StoreError::Conflict) => return Err(PeopleError::EmailTaken),
            made => made?,
        }
        self.inner.store.user(&workspace.id, &id).await?.ok_or(PeopleError::NotFound)
    }

    /// Changes what somebody may do, or whether they may sign in.
    pub async fn change_user(
        &self,
        caller: &Caller,
        id: &UserId,
        role: Option<Role>,
        disabled: Option<bool>,
    ) -> Result<User, PeopleError> {
        must_be_owner(caller, self.one(caller, id).await?.role)?;
        must_be_owner(caller, role.unwrap_or(Role::Agent))?;
        let change = UserChange { role, disabled, ..UserChange::default() };
        self.account_changed(
            self.inner.store.change_user(&caller.workspace.id, id, change, self.now()).await?,
        )?;
        self.one(caller, id).await
    }

    /// Removes an account.
    pub async fn remove_user(&self, caller: &Caller, id: &UserId) -> Result<(), PeopleError> {
        must_be_owner(caller, self.one(caller, id).await?.role)?;
        self.account_changed(self.inner.store.remove_user(&caller.workspace.id, id).await?)
    }

    /// Another password for somebody who forgot theirs, told this once; their sessions end, and so does their second factor.
    pub async fn reset_password(
        &self,
        caller: &Caller,
        email: &str,
    ) -> Result<(User, SecretString), PeopleError> {
        let email = email.trim().to_lowercase();
        let found = self.inner.store.credentials(&email).await?;
        let found = found.filter(|found| found.user.workspace == caller.workspace.id);
        let user = found.ok_or(PeopleError::NotFound)?.user;
        must_be_owner(caller, user.role)?;
        let password = passwords::random(&self.inner.ids);
        let hash = passwords::hash(&self.inner.ids, password.clone()).await?;
        let store = &self.inner.store;
        store.change_credentials(&user.id, CredentialChange::EndTotp).await?;
        store.change_credentials(&user.id, CredentialChange::Password { hash, keep: None }).await?;
        self.inner.browsers.forget_all();
        self.inner.tries_by_name.forget(&email);
        Ok((self.one(caller, &user.id).await?, password))
    }

    /// Who an invitation is for, and to where.
    pub async fn invitation_of(
        &self,
        token: &str,
        from: std::net::IpAddr,
    ) -> Result<(User, Workspace), PeopleError> {
        let (inner, now) = (&self.inner, self.now());
        let network = crate::guard::network(from);
        inner.tries_by_address.count(&network, now).map_err(PeopleError::Limited)?;
        let user = inner.store.invited(&sign_in::hash(token)).await?;
        let holds = |user: &User| user.invited && user.invitation_ends.is_some_and(|end| now < end);
        let user = user.filter(|user| holds(user) && user.disabled_at.is_none());
        let user = user.ok_or(PeopleError::InvitationEnded)?;
        let workspace = inner.store.workspace(&user.workspace).await?;
        let workspace = workspace.ok_or(PeopleError::InvitationEnded)?;
        inner.tries_by_address.take_back(&network);
        Ok((user, workspace))
    }

    /// The invited one comes, chooses name and password, and is signed in.
    pub async fn accept_invitation(
        &self,
        token: &str,
        name: String,
        password: SecretString,
        from: std::net::IpAddr,
    ) -> Result<(Caller, SecretString), PeopleError> {
        let (user, _) = self.invitation_of(token, from).await?;
        let hash = passwords::hash(&self.inner.ids, password).await?;
        let token = sign_in::hash(token);
        if !self.inner.store.accept_invitation(token, name, hash, self.now()).await? {
            return Err(PeopleError::InvitationEnded);
        }
        let signed_in = self.begin_session(&user.id).await?.ok_or(PeopleError::InvitationEnded)?;
        self.audit(&signed_in.0, "acceptInvitation", None, Some(from), None).await;
        Ok(signed_in)
    }

    /// The ranges that may not use this workspace, oldest first.
    pub async fn blocked_ranges(&self, caller: &Caller) -> Result<Vec<BlockedRange>, StoreError> {
        self.inner.store.blocked_ranges(&caller.workspace.id).await
    }

    /// Blocks a range: keys and people are refused from there. [`StoreError::Conflict`] if it is blocked already.
    pub async fn block_range(
        &self,
        caller: &Caller,
        network: IpNet,
        note: Option<String>,
    ) -> Result<BlockedRange, StoreError> {
        let now = self.now();
        let range =
            BlockedRange { id: self.inner.ids.make(now), network: network.trunc(), note, created_at: now };
        self.inner.store.block_ip(&caller.workspace.id, range.clone()).await?;
        self.inner.blocks.forget_all();
        Ok(range)
    }

    /// Lets a range in again. Whether it was blocked.
    pub async fn unblock_range(&self, caller: &Caller, id: &BlockId) -> Result<bool, StoreError> {
        let was = self.inner.store.unblock_ip(&caller.workspace.id, id).await?;
        self.inner.blocks.forget_all();
        Ok(was)
    }

    async fn one(&self, caller: &Caller, id: &UserId) -> Result<User, PeopleError> {
        self.inner.store.user(&caller.workspace.id, id).await?.ok_or(PeopleError::NotFound)
    }

    fn account_changed(&self, outcome: UserChanged) -> Result<(), PeopleError> {
        self.inner.browsers.forget_all();
        match outcome {
            UserChanged::Done => Ok(()),
            UserChanged::NotFound => Err(PeopleError::NotFound),
            UserChanged::LastOwner => Err(PeopleError::LastOwner),
        }
    }
}

fn must_be_owner(caller: &Caller, of: Role) -> Result<(), PeopleError> {
    if of == Role::Owner && caller.role() != Role::Owner { Err(PeopleError::OwnersOnly) } else { Ok(()) }
}
