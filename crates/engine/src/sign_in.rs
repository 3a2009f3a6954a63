//! People who sign in: with a password, perhaps a second factor, and from then on by what their browser's cookie holds.
use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cetar_model::{Language, Timestamp};
use cetar_store::{
    CredentialChange, Credentials, SecondFactor, SessionRecord, StoreError, UserChange, UserChanged,
};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::{
    Engine,
    auth::{AuthError, Caller},
    passwords::{self, HashError},
    totp,
};

/// A session that is not used ends after this long.
const IDLE: Duration = Duration::from_hours(12);
/// However much it is used, it ends after this long.
pub const LONGEST_SESSION: Duration = Duration::from_hours(30 * 24);
/// That it was seen is written down this often.
const SEEN_EVERY: Duration = Duration::from_mins(5);
/// What the tokens against forged requests are signed for, and nothing else.
const CSRF: &str = "dashboard csrf";
/// Tries within a quarter of an hour under one name.
pub(crate) const TRIES_BY_NAME: u32 = 10;
/// Tries within a quarter of an hour from one address.
pub(crate) const TRIES_BY_ADDRESS: u32 = 50;

/// What a person signs in with.
pub struct SignIn {
    /// Their e-mail, as typed.
    pub email: String,
    /// Their password.
    pub password: SecretString,
    /// A code of their authenticator app, or a recovery code.
    pub code: Option<String>,
    /// Where they are.
    pub from: IpAddr,
}

/// Not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Name or password is wrong, or the account may not sign in; which of these is not told.
    #[error("wrong credentials")]
    Wrong,
    /// The password is right; the second factor is missing, wrong or used up.
    #[error("the second factor is missing or wrong")]
    CodeRequired,
    /// A second factor is on already.
    #[error("a second factor is on")]
    FactorIsOn,
    /// Too many tries under this name, or from this address.
    #[error("too many tries")]
    Limited(Duration),
    /// The workspace blocks this address.
    #[error("address blocked")]
    Blocked,
    /// Our own fault.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A second factor that was begun: to be shown once, and confirmed.
pub struct BegunTotp {
    /// The secret, in base32, for who types it.
    pub secret: SecretString,
    /// The same as an `otpauth:` address, for a QR.
    pub url: SecretString,
}

impl Engine {
    /// Signs in. The token goes into the browser's cookie and is kept as its hash alone.
    pub async fn sign_in(&self, given: SignIn) -> Result<(Caller, SecretString), SignInError> {
        let (inner, now, from) = (&self.inner, self.now(), given.from.to_canonical());
        let email = given.email.trim().to_lowercase();
        // Before anything is looked at, and before the hashing that costs something.
        let network = crate::guard::network(from);
        inner.tries_by_address.count(&network, now).map_err(SignInError::Limited)?;
        inner.tries_by_name.count(&email, now).map_err(SignInError::Limited)?;
        let found = inner.store.credentials(&email).await?;
        let hash = found.as_ref().map(|found| found.password_hash.clone());
        let known = found.as_ref().map(|found| found.user.clone());
        let right = passwords::is_right(hash, given.password).await?;
        let Some(found) = found.filter(|found| right && found.user.disabled_at.is_none()) else {
            tracing::info!(ip = %from, "a sign-in was refused");
            if let Some(found) = known {
                self.note_refused_sign_in(&found, from);
            }
            return Err(SignInError::Wrong);
        };
        if let Err(error) = self.second_factor(&found, given.code.as_deref(), now).await {
            if given.code.is_some() {
                self.note_refused_sign_in(&found.user, from);
            } else {
                // The first of two steps, and right.
                inner.tries_by_address.take_back(&network);
            }
            return Err(error);
        }
        let here = (found.user.workspace.clone(), from);
        if inner.blocks.get(&here, now, inner.store.is_ip_blocked(&here.0, from)).await? {
            return Err(SignInError::Blocked);
        }
        let signed_in = self.begin_session(&found.user.id).await?.ok_or(SignInError::Wrong)?;
        // Whoever comes in takes nothing from colleagues behind the same address.
        inner.tries_by_address.take_back(&network);
        inner.tries_by_name.forget(&email);
        self.audit(&signed_in.0, "signIn", None, Some(from), None).await;
        Ok(signed_in)
    }

    async fn second_factor(
        &self,
        found: &Credentials,
        code: Option<&str>,
        now: Timestamp,
    ) -> Result<(), SignInError> {
        let Some(secret) = &found.totp else { return Ok(()) };
        let code = code.ok_or(SignInError::CodeRequired)?;
        let given = match totp::step_of(secret.expose_secret(), code, found.totp_step, now) {
            Some(step) => SecondFactor::Step(step),
            None => SecondFactor::Recovery(totp::recovery_hash(code)),
        };
        let used = self.inner.store.use_second_factor(&found.user.id, given).await?;
        if used { Ok(()) } else { Err(SignInError::CodeRequired) }
    }

    /// A session for this person, who has just shown who they are; `None` if the account is gone meanwhile.
    pub(crate) async fn begin_session(
        &self,
        user: &cetar_model::UserId,
    ) -> Result<Option<(Caller, SecretString)>, StoreError> {
        let token = URL_SAFE_NO_PAD.encode(self.inner.ids.random::<32>());
        let hash = hash(&token);
        if !self.inner.store.insert_session(hash, user, self.now()).await? {
            return Ok(None);
        }
        let session = self.inner.store.session(&hash).await?;
        Ok(session.map(|session| (Caller::of_session(session), SecretString::from(token))))
    }

    /// Who a browser's cookie stands for. At most a second old, and one that was ended through this process holds no more at once. That it
    /// was used is noted.
    pub async fn session(&self, token: &str, from: IpAddr) -> Result<Caller, AuthError> {
        let (inner, now) = (&self.inner, self.now());
        let session = self.admit_session(hash(token), from.to_canonical()).await?;
        if now >= session.seen_at + SEEN_EVERY {
            inner.store.touch_session(session.hash, now).await?;
            inner.browsers.forget(&session.hash);
        }
        Ok(Caller::of_session(session))
    }

    /// A session that holds, from this address. To look is not to use it: a page that is only left open ends with it.
    pub(crate) async fn admit_session(
        &self,
        hash: [u8; 32],
        from: IpAddr,
    ) -> Result<SessionRecord, AuthError> {
        let (inner, now) = (&self.inner, self.now());
        let found = inner.browsers.get(&hash, now, inner.store.session(&hash)).await?;
        let holds = |session: &SessionRecord| {
            now < session.created_at + LONGEST_SESSION && now < session.seen_at + IDLE
        };
        let Some(session) = found.filter(holds) else { return Err(AuthError::Unknown) };
        let here = (session.workspace.id.clone(), from);
        if inner.blocks.get(&here, now, inner.store.is_ip_blocked(&here.0, from)).await? {
            return Err(AuthError::IpNotAllowed);
        }
        Ok(session)
    }

    /// What a request that changes something must carry beside the cookie.
    pub fn csrf_token(&self, session: &SessionRecord) -> String {
        URL_SAFE_NO_PAD.encode(self.inner.store.sign(CSRF, &session.hash))
    }

    /// Whether this is that.
    pub fn is_csrf_token(&self, session: &SessionRecord, given: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(given);
        given.is_ok_and(|given| self.inner.store.is_signed(CSRF, &session.hash, &given))
    }

    /// Ends it.
    pub async fn sign_out(&self, session: &SessionRecord) -> Result<(), StoreError> {
        self.inner.store.end_session(session.hash).await?;
        self.inner.browsers.forget(&session.hash);
        Ok(())
    }

    /// What a person changes about themselves.
    pub async fn change_own(
        &self,
        session: &SessionRecord,
        name: Option<String>,
        language: Option<Language>,
    ) -> Result<SessionRecord, StoreError> {
        let user = &session.user;
        let change = UserChange { name, language, ..UserChange::default() };
        let _there: UserChanged =
            self.inner.store.change_user(&user.workspace, &user.id, change, self.now()).await?;
        // Every browser of the person knows it, not only this one.
        self.inner.browsers.forget_all();
        Ok(self.inner.store.session(&session.hash).await?.unwrap_or_else(|| session.clone()))
    }

    /// Another password; every other session of the person ends.
    pub async fn change_own_password(
        &self,
        session: &SessionRecord,
        present: SecretString,
        new: SecretString,
    ) -> Result<(), SignInError> {
        self.must_know_password(session, present).await?;
        let hash = passwords::hash(&self.inner.ids, new).await?;
        let change = CredentialChange::Password { hash, keep: Some(session.hash) };
        self.inner.store.change_credentials(&session.user.id, change).await?;
        self.inner.browsers.forget_all();
        Ok(())
    }

    async fn must_know_password(
        &self,
        session: &SessionRecord,
        password: SecretString,
    ) -> Result<Credentials, SignInError> {
        let user = &session.user;
        self.inner.tries_by_user.count(&user.id, self.now()).map_err(SignInError::Limited)?;
        let found = self.inner.store.credentials(&user.email).await?.ok_or(SignInError::Wrong)?;
        if !passwords::is_right(Some(found.password_hash.clone()), password).await? {
            return Err(SignInError::Wrong);
        }
        self.inner.tries_by_user.forget(&user.id);
        Ok(found)
    }

    /// Begins a second factor; it counts once a code of it was given. Where one is on it must be ended first, which takes the password:
    /// an open browser alone exchanges nobody's factor.
    pub async fn begin_totp(&self, session: &SessionRecord) -> Result<BegunTotp, SignInError> {
        let secret = totp::secret(&self.inner.ids);
        let change = CredentialChange::BeginTotp(secret.clone());
        if !self.inner.store.change_credentials(&session.user.id, change).await? {
            return Err(SignInError::FactorIsOn);
        }
        let encoded: String = url::form_urlencoded::byte_serialize(session.user.email.as_bytes()).collect();
        let url = format!("otpauth://totp/Cetar:{encoded}?secret={}&issuer=Cetar", secret.expose_secret());
        Ok(BegunTotp { secret, url: url.into() })
    }

    /// Confirms the second factor by its first code; with the recovery codes, told this once.
    pub async fn confirm_totp(
        &self,
        session: &SessionRecord,
        code: &str,
    ) -> Result<Vec<String>, SignInError> {
        let user = &session.user;
        self.inner.tries_by_user.count(&user.id, self.now()).map_err(SignInError::Limited)?;
        let found = self.inner.store.credentials(&user.email).await?.ok_or(SignInError::Wrong)?;
        let pending = found.totp_pending.ok_or(SignInError::CodeRequired)?;
        let step = totp::step_of(pending.expose_secret(), code, 0, self.now());
        let step = step.ok_or(SignInError::CodeRequired)?;
        let codes = totp::recovery_codes(&self.inner.ids);
        let recovery = codes.iter().map(|code| totp::recovery_hash(code)).collect();
        let change = CredentialChange::ConfirmTotp { step, recovery };
        if !self.inner.store.change_credentials(&session.user.id, change).await? {
            return Err(SignInError::CodeRequired);
        }
        self.inner.tries_by_user.forget(&user.id);
        self.inner.browsers.forget_all();
        Ok(codes)
    }

    /// Ends the second factor, for who knows the password.
    pub async fn end_totp(&self, session: &SessionRecord, password: SecretString) -> Result<(), SignInError> {
        self.must_know_password(session, password).await?;
        self.inner.store.change_credentials(&session.user.id, CredentialChange::EndTotp).await?;
        self.inner.browsers.forget_all();
        Ok(())
    }

    /// Deletes sessions that hold no more.
    pub(crate) async fn prune_sessions(&self) -> Result<(), StoreError> {
        let now = self.now();
        self.inner.store.prune_sessions(now - IDLE, now - LONGEST_SESSION).await
    }
}

/// What a token is kept by: with so much randomness no slow hash is needed.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
