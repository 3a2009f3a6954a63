//! Dashboard accounts.

use cetar_model::{Language, Role, Timestamp, UserId, WorkspaceId};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    CredentialChange, Credentials, NewUser, Result, SecondFactor, Store, StoreError, User, UserChange,
    UserChanged,
    db::{Tx, corrupt, execute, fetch_all, fetch_optional, json, plain, read, read_json, row},
    seal::Place,
    statement::statements,
};

macro_rules! columns {
    () => {
        "u.id, u.workspace, u.email, u.name, u.role, u.language, u.password_hash, u.disabled_at, u.signed_in_at, \
         u.invitation_ends, u.totp, u.totp_pending, u.totp_step, u.recovery, u.created_at"
    };
}
pub(crate) use columns;

statements! {
    INSERT = "INSERT INTO users (id, workspace, email, role, password_hash, invitation, invitation_ends, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ALL = concat!("SELECT ", columns!(), " FROM users u WHERE u.workspace = $1 ORDER BY u.id");
    ONE = concat!("SELECT ", columns!(), " FROM users u WHERE u.workspace = $1 AND u.id = $2");
    BY_EMAIL = concat!("SELECT ", columns!(), " FROM users u WHERE u.email = $1");
    BY_INVITATION = concat!("SELECT ", columns!(), " FROM users u WHERE u.invitation = $1");
    // Whoever takes an owner away waits for the one who is at it.
    OWNERS = "SELECT u.id FROM users u WHERE u.workspace = $1 AND u.role = 'owner' AND u.disabled_at IS NULL \
                AND u.password_hash <> '' ORDER BY u.id", postgres "FOR UPDATE";
    CHANGE = "UPDATE users SET name = COALESCE($3, name), language = COALESCE($4, language), role = COALESCE($5, role), \
                disabled_at = CASE WHEN $6 = 'yes' THEN COALESCE(disabled_at, $7) WHEN $6 = 'no' THEN NULL ELSE disabled_at END \
              WHERE workspace = $1 AND id = $2";
    REMOVE = "DELETE FROM users WHERE workspace = $1 AND id = $2";
    END_SESSIONS = "DELETE FROM sessions WHERE person = $1";
    END_OTHER_SESSIONS = "DELETE FROM sessions WHERE person = $1 AND hash <> $2";
    INVITE = "UPDATE users SET invitation = $3, invitation_ends = $4 WHERE workspace = $1 AND id = $2 AND password_hash = ''";
    COME = "UPDATE users SET name = $2, password_hash = $3, invitation = NULL, invitation_ends = NULL \
            WHERE invitation = $1 AND invitation_ends > $4 AND password_hash = ''";
    PASSWORD = "UPDATE users SET password_hash = $2, invitation = NULL, invitation_ends = NULL WHERE id = $1";
    BEGIN_TOTP = "UPDATE users SET totp_pending = $2 WHERE id = $1 AND totp IS NULL";
    CONFIRM_TOTP = "UPDATE users SET totp = totp_pending, totp_pending = NULL, totp_step = $2, recovery = $3 \
                    WHERE id = $1 AND totp_pending IS NOT NULL";
    END_TOTP = "UPDATE users SET totp = NULL, totp_pending = NULL, totp_step = 0, recovery = '[]' WHERE id = $1";
    STEP = "UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2";
    RECOVERY = "SELECT u.recovery FROM users u WHERE u.id = $1", postgres "FOR UPDATE";
    SET_RECOVERY = "UPDATE users SET recovery = $2 WHERE id = $1";
}

row! {
    pub(crate) struct Row {
        pub(crate) id: String,
        pub(crate) workspace: String,
        email: String,
        name: String,
        role: String,
        language: String,
        password_hash: String,
        disabled_at: Option<i64>,
        signed_in_at: Option<i64>,
        invitation_ends: Option<i64>,
        totp: Option<Vec<u8>>,
        totp_pending: Option<Vec<u8>>,
        totp_step: i64,
        recovery: String,
        pub(crate) created_at: i64,
    }
}

impl TryFrom<Row> for User {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let id = &row.id;
        Ok(Self {
            id: read(id, "users", "id", id)?,
            workspace: read(&row.workspace, "users", "workspace", id)?,
            role: read(&row.role, "users", "role", id)?,
            language: read(&row.language, "users", "language", id)?,
            invited: row.password_hash.is_empty(),
            invitation_ends: row.invitation_ends.map(Timestamp::from_micros),
            totp: row.totp.is_some(),
            disabled_at: row.disabled_at.map(Timestamp::from_micros),
            signed_in_at: row.signed_in_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
            email: row.email,
            name: row.name,
        })
    }
}

/// Both secrets are sealed for the same place: the one becomes the other.
const fn place<'a>(row: &'a [&'a [u8]]) -> Place<'a> {
    Place { table: "users", column: "totp", row }
}

impl Store {
    /// `Conflict` if the e-mail is taken, in whichever workspace.
    pub async fn insert_user(&self, user: NewUser) -> Result<()> {
        self.write_once(user, |tx, new| Box::pin(insert(tx, new))).await
    }

    /// Those of a workspace, oldest first.
    pub async fn users(&self, workspace: &WorkspaceId) -> Result<Vec<User>> {
        let mut conn = self.read().await?;
        fetch_all!(conn, Row, ALL, workspace.as_str())?.into_iter().map(User::try_from).collect()
    }

    /// One of a workspace.
    pub async fn user(&self, workspace: &WorkspaceId, id: &UserId) -> Result<Option<User>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, Row, ONE, workspace.as_str(), id.as_str())?.map(User::try_from).transpose()
    }

    /// By its sign-in name, in lower case, of whatever workspace; with what it signs in with.
    pub async fn credentials(&self, email: &str) -> Result<Option<Credentials>> {
        let mut conn = self.read().await?;
        let row = fetch_optional!(conn, Row, BY_EMAIL, email)?;
        row.map(|row| self.opened(row)).transpose()
    }

    /// The one invited by the token of this hash.
    pub async fn invited(&self, token: &[u8; 32]) -> Result<Option<User>> {
        let mut conn = self.read().await?;
        fetch_optional!(conn, Row, BY_INVITATION, &token[..])?.map(User::try_from).transpose()
    }

    fn opened(&self, row: Row) -> Result<Credentials> {
        let open = |sealed: &Option<Vec<u8>>| -> Result<Option<SecretString>> {
            let Some(sealed) = sealed else { return Ok(None) };
            let plain = self.inner.ctx.sealer.open(place(&[row.id.as_bytes()]), sealed);
            let text = plain.and_then(|plain| String::from_utf8(plain).ok());
            Ok(Some(text.ok_or_else(|| corrupt("users", "totp", &row.id))?.into()))
        };
        Ok(Credentials {
            totp: open(&row.totp)?,
            totp_pending: open(&row.totp_pending)?,
            totp_step: row.totp_step,
            recovery: read_json(&row.recovery, "users", "recovery", &row.id)?,
            password_hash: row.password_hash.clone(),
            user: row.try_into()?,
        })
    }

    /// Changes an account. One that may not sign in any more is signed out; another role counts from the next request.
    pub async fn change_user(
        &self,
        workspace: &WorkspaceId,
        id: &UserId,
        change: UserChange,
        now: Timestamp,
    ) -> Result<UserChanged> {
        self.write((workspace.clone(), id.clone(), change, now), |tx, (workspace, id, change, now)| {
            Box::pin(async move {
                let loses =
                    change.disabled == Some(true) || change.role.is_some_and(|role| role != Role::Owner);
                if loses && is_last_owner(tx, workspace, id).await? {
                    return Ok(UserChanged::LastOwner);
                }
                let disabled = match change.disabled {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "",
                };
                let hit = execute!(
                    tx,
                    CHANGE,
                    workspace.as_str(),
                    id.as_str(),
                    change.name.as_deref().map(plain).as_deref(),
                    change.language.map(Language::as_str),
                    change.role.map(Role::as_str),
                    disabled,
                    now.as_micros(),
                )?;
                if hit == 0 {
                    return Ok(UserChanged::NotFound);
                }
                if change.disabled == Some(true) {
                    execute!(tx, END_SESSIONS, id.as_str())?;
                }
                Ok(UserChanged::Done)
            })
        })
        .await
    }

    /// Removes an account and ends its sessions.
    pub async fn remove_user(&self, workspace: &WorkspaceId, id: &UserId) -> Result<UserChanged> {
        self.write_once((workspace.clone(), id.clone()), |tx, (workspace, id)| {
            Box::pin(async move {
                if is_last_owner(tx, workspace, id).await? {
                    return Ok(UserChanged::LastOwner);
                }
                if execute!(tx, REMOVE, workspace.as_str(), id.as_str())? == 0 {
                    return Ok(UserChanged::NotFound);
                }
                execute!(tx, END_SESSIONS, id.as_str())?;
                Ok(UserChanged::Done)
            })
        })
        .await
    }

    /// Invites once more: the token of before does not count any more. False for one who is not there or has come already.
    pub async fn invite_again(
        &self,
        workspace: &WorkspaceId,
        id: &UserId,
        token: [u8; 32],
        ends: Timestamp,
    ) -> Result<bool> {
        self.write_once((workspace.clone(), id.clone(), token, ends), |tx, (workspace, id, token, ends)| {
            Box::pin(async move {
                let (workspace, id, ends) = (workspace.as_str(), id.as_str(), ends.as_micros());
                Ok(execute!(tx, INVITE, workspace, id, &token[..], ends)? == 1)
            })
        })
        .await
    }

    /// The invited one comes: name and password are set, and the token is used up. False if it is not good, or not any more.
    pub async fn accept_invitation(
        &self,
        token: [u8; 32],
        name: String,
        password_hash: String,
        now: Timestamp,
    ) -> Result<bool> {
        self.write_once((token, name, password_hash, now), |tx, (token, name, hash, now)| {
            Box::pin(async move {
                Ok(execute!(tx, COME, &token[..], &*plain(name), hash.as_str(), now.as_micros())? == 1)
            })
        })
        .await
    }

    /// Changes what an account signs in with. False where there was nothing to change.
    pub async fn change_credentials(&self, id: &UserId, change: CredentialChange) -> Result<bool> {
        self.write((id.clone(), change), |tx, (id, change)| Box::pin(change_credentials(tx, id, change)))
            .await
    }

    /// Uses up a second factor: true once for each code.
    pub async fn use_second_factor(&self, id: &UserId, given: SecondFactor) -> Result<bool> {
        self.write_once((id.clone(), given), |tx, (id, given)| {
            Box::pin(async move {
                let wanted = match given {
                    SecondFactor::Step(step) => return Ok(execute!(tx, STEP, id.as_str(), step)? == 1),
                    SecondFactor::Recovery(wanted) => wanted,
                };
                let Some((kept,)) = fetch_optional!(tx, (String,), RECOVERY, id.as_str())? else {
                    return Ok(false);
                };
                let mut kept: Vec<String> = read_json(&kept, "users", "recovery", id.as_str())?;
                let Some(at) = kept.iter().position(|code| code == wanted) else { return Ok(false) };
                kept.remove(at);
                execute!(tx, SET_RECOVERY, id.as_str(), json(&kept)?)?;
                Ok(true)
            })
        })
        .await
    }
}

async fn change_credentials(tx: &mut Tx, id: &UserId, change: &CredentialChange) -> Result<bool> {
    let key = id.as_str();
    let hit = match change {
        CredentialChange::Password { hash, keep } => {
            match keep {
                Some(keep) => execute!(tx, END_OTHER_SESSIONS, key, &keep[..])?,
                None => execute!(tx, END_SESSIONS, key)?,
            };
            execute!(tx, PASSWORD, key, hash.as_str())?
        }
        CredentialChange::BeginTotp(secret) => {
            let row = [key.as_bytes()];
            let sealed =
                tx.ctx.sealer.seal(tx.ctx.ids.random(), place(&row), secret.expose_secret().as_bytes());
            let sealed = sealed.ok_or_else(|| StoreError::internal("a value could not be sealed"))?;
            execute!(tx, BEGIN_TOTP, key, sealed)?
        }
        CredentialChange::ConfirmTotp { step, recovery } => {
            execute!(tx, CONFIRM_TOTP, key, step, json(recovery)?)?
        }
        CredentialChange::EndTotp => execute!(tx, END_TOTP, key)?,
    };
    Ok(hit == 1)
}

async fn is_last_owner(tx: &mut Tx, workspace: &WorkspaceId, id: &UserId) -> Result<bool> {
    let owners = fetch_all!(tx, (String,), OWNERS, workspace.as_str())?;
    Ok(matches!(owners.as_slice(), [(only,)] if only == id.as_str()))
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewUser) -> Result<()> {
    let (token, ends) = new.invitation.unzip();
    execute!(
        tx,
        INSERT,
        new.id.as_str(),
        new.workspace.as_str(),
        new.email.as_str(),
        new.role.as_str(),
        new.password_hash.as_str(),
        token.as_ref().map(|token| &token[..]),
        ends.map(Timestamp::as_micros),
        new.created_at.as_micros(),
    )?;
    Ok(())
}
