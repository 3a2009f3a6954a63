//! An account as the API shows it.

use axum::http::HeaderMap;
use cetar_engine::people::Invited;
use cetar_model::{Role, UserId};
use cetar_store::User;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Time,
    context::Context,
    error::ApiError,
    here::base,
    input::{Fields, Problem, TextRule, words},
    openapi::schema,
    state::AppState,
};

/// A dashboard account.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserData {
    /// Its id.
    #[schema(value_type = String, example = "usr_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: UserId,
    /// Sign-in name.
    #[schema(example = "budi@contoh.com")]
    email: String,
    /// What the person is called; empty until they say.
    #[schema(example = "Budi")]
    name: String,
    /// What it may do.
    #[schema(value_type = schema::Role)]
    role: Role,
    /// Invited, and has not come yet.
    invited: bool,
    /// When the invitation ends.
    #[schema(required)]
    invitation_ends_at: Option<Time>,
    /// Signs in with a second factor.
    totp: bool,
    /// May not sign in.
    disabled: bool,
    /// When it signed in last.
    #[schema(required)]
    signed_in_at: Option<Time>,
    /// When it was made.
    created_at: Time,
}

impl From<User> for UserData {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            role: user.role,
            invited: user.invited,
            invitation_ends_at: user.invitation_ends.map(Time::from),
            totp: user.totp,
            disabled: user.disabled_at.is_some(),
            signed_in_at: user.signed_in_at.map(Time::from),
            created_at: user.created_at.into(),
        }
    }
}

/// An account, and the link by which its person comes, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedUser {
    #[serde(flatten)]
    user: UserData,
    /// The link to send to them.
    #[schema(example = "https://pesan.contoh.com/invitation/…")]
    invitation_url: String,
    /// When it ends.
    expires_at: Time,
}

impl InvitedUser {
    pub(super) fn of(invited: Invited, state: &AppState, context: &Context, headers: &HeaderMap) -> Self {
        let base = base(state, context, headers);
        Self {
            user: invited.user.into(),
            invitation_url: format!("{base}/invitation/{}", invited.token.expose_secret()),
            expires_at: invited.ends.into(),
        }
    }
}

/// An account, and its password, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserWithPassword {
    #[serde(flatten)]
    user: UserData,
    /// The password.
    password: String,
}

impl UserWithPassword {
    pub(super) fn of((user, password): (User, secrecy::SecretString)) -> Self {
        Self { user: user.into(), password: password.expose_secret().to_owned() }
    }
}

/// An account to be made.
#[derive(ToSchema)]
#[schema(as = NewUser, example = json!({"email": "budi@contoh.com", "role": "agent"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct NewUserBody {
    /// The e-mail: the name to sign in with. No two accounts of a server have the same.
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    /// What it may do.
    #[schema(value_type = schema::Role, required = true)]
    role: String,
}

pub(super) fn parse(fields: &Fields<'_>) -> Result<(String, Role), ApiError> {
    let email = email(fields);
    fields.require("role");
    let role = fields.parsed("role", || Problem::Unknown { allowed: words(Role::ALL) });
    fields.complete(email.zip(role))
}

/// Nothing is sent to it, so its form alone matters.
pub(super) fn email(fields: &Fields<'_>) -> Option<String> {
    fields.require("email");
    let text = fields.text("email", TextRule::upto(254))?.trim();
    let is_one = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if !is_one {
        fields.refuse("email", Problem::Email);
        return None;
    }
    Some(text.to_owned())
}
