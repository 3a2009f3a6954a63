//! People, how they are signed in, and what was done.

use cetar_model::{AuditId, BlockId, Language, Role, Timestamp, UserId, WorkspaceId};
use ipnet::IpNet;
use secrecy::SecretString;

use super::Workspace;

/// A dashboard account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Sign-in name, lower case.
    pub email: String,
    /// What it may do.
    pub role: Role,
    /// Argon2id, in PHC form; empty for one who is invited and chooses a password first.
    pub password_hash: String,
    /// With an invitation: SHA-256 of its token, and when it ends.
    pub invitation: Option<([u8; 32], Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A dashboard account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Where it belongs.
    pub workspace: WorkspaceId,
    /// Sign-in name, lower case.
    pub email: String,
    /// What the person is called; empty until they say.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The language of their dashboard.
    pub language: Language,
    /// Invited, and has not chosen a password yet.
    pub invited: bool,
    /// When the invitation ends.
    pub invitation_ends: Option<Timestamp>,
    /// Signs in with a second factor.
    pub totp: bool,
    /// Since when it may not sign in.
    pub disabled_at: Option<Timestamp>,
    /// When it signed in last.
    pub signed_in_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a sign-in is held against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Whose.
    pub user: User,
    /// Argon2id, in PHC form; empty: nothing opens it.
    pub password_hash: String,
    /// The second factor's secret, in base32.
    pub totp: Option<SecretString>,
    /// A second factor that was begun and not confirmed yet.
    pub totp_pending: Option<SecretString>,
    /// The last 30 seconds whose code was taken.
    pub totp_step: i64,
    /// SHA-256 of the recovery codes that are left, in hexadecimal digits.
    pub recovery: Vec<String>,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// SHA-256 of what its cookie holds.
    pub hash: [u8; 32],
    /// Who.
    pub user: User,
    /// Where they belong.
    pub workspace: Workspace,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When they were last seen, to within some minutes.
    pub seen_at: Timestamp,
}

/// What a change of an account changes; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// What the person is called.
    pub name: Option<String>,
    /// The language of their dashboard.
    pub language: Option<Language>,
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it may sign in.
    pub disabled: Option<bool>,
}

/// What came of a change that a workspace may not be able to bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserChanged {
    /// Done.
    Done,
    /// No such account here.
    NotFound,
    /// Nobody would be left who may do everything.
    LastOwner,
}

/// A change of what an account signs in with.
#[derive(Debug, Clone)]
pub enum CredentialChange {
    /// Another password; every session but this one ends.
    Password {
        /// Argon2id, in PHC form.
        hash: String,
        /// The session that stays.
        keep: Option<[u8; 32]>,
    },
    /// A second factor is begun, where none is on.
    BeginTotp(SecretString),
    /// The second factor begun is confirmed by this step's code; with the hashes of its recovery codes.
    ConfirmTotp {
        /// The step whose code was given.
        step: i64,
        /// SHA-256 of the recovery codes, in hexadecimal digits.
        recovery: Vec<String>,
    },
    /// No second factor any more.
    EndTotp,
}

/// What was given as a second factor, to be used up.
#[derive(Debug, Clone)]
pub enum SecondFactor {
    /// The code of this step: taken once.
    Step(i64),
    /// A recovery code, by its hash: taken once.
    Recovery(String),
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Where.
    pub workspace: WorkspaceId,
    /// `user`, `key` or `operator`.
    pub actor_kind: String,
    /// The id of who did it; none for the machine's operator.
    pub actor: Option<String>,
    /// Their e-mail, or the key's name, as it was then.
    pub actor_name: String,
    /// What was done.
    pub action: String,
    /// To what, by its id.
    pub target: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// What else is worth knowing. No secrets, no content.
    pub detail: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// A range on a workspace's block list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedRange {
    /// Its id.
    pub id: BlockId,
    /// The addresses.
    pub network: IpNet,
    /// Why, in its owner's words.
    pub note: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}
