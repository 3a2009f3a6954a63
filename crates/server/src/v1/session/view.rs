//! A session as the API shows it, and its cookie.

use axum::http::{HeaderMap, HeaderValue, header};
use cetar_engine::sign_in::LONGEST_SESSION;
use cetar_model::{Language, Role, UserId, WorkspaceId};
use cetar_store::SessionRecord;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::COOKIE, context::Context, here::is_https, openapi::schema, state::AppState};

/// The parts of the dashboard, by the least role that has them.
const PARTS: [(Role, &str); 11] = [
    (Role::Agent, "conversations"),
    (Role::Agent, "messages"),
    (Role::Agent, "templates"),
    (Role::Admin, "devices"),
    (Role::Admin, "keys"),
    (Role::Admin, "webhooks"),
    (Role::Admin, "usage"),
    (Role::Admin, "settings"),
    (Role::Admin, "users"),
    (Role::Admin, "audit"),
    (Role::Owner, "plan"),
];

/// A signed-in person.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(in crate::v1) struct SessionData {
    user: PersonData,
    workspace: PlaceData,
    /// What requests that change something carry in `X-CSRF-Token`.
    csrf_token: String,
    /// The parts of the dashboard that the role has: `conversations`, `messages`, `templates`, `devices`, `keys`, `webhooks`, `usage`,
    /// `settings`, `users`, `audit`, `plan`.
    #[schema(example = json!(["conversations", "messages", "templates"]))]
    permissions: Vec<&'static str>,
}

/// Who.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionUser)]
struct PersonData {
    /// Their id.
    #[schema(value_type = String, example = "usr_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: UserId,
    /// Their sign-in name.
    #[schema(example = "budi@contoh.com")]
    email: String,
    /// What they are called; empty until they say.
    #[schema(example = "Budi")]
    name: String,
    /// What they may do.
    #[schema(value_type = schema::Role)]
    role: Role,
    /// The language of their dashboard.
    #[schema(value_type = schema::Language)]
    language: Language,
    /// Signs in with a second factor.
    totp: bool,
}

/// Where.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionWorkspace)]
struct PlaceData {
    /// Its id.
    #[schema(value_type = String, example = "ws_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: WorkspaceId,
    /// Its name.
    #[schema(example = "Toko")]
    name: String,
    /// The language of its webhooks and events.
    #[schema(value_type = schema::Language)]
    language: Language,
    /// The zone in which times are shown, by its name in the IANA's database.
    #[schema(example = "Asia/Jakarta")]
    time_zone: String,
}

impl SessionData {
    pub(in crate::v1) fn of(state: &AppState, session: &SessionRecord) -> Self {
        let SessionRecord { user, workspace, .. } = session;
        let has = |(least, part): &(Role, &'static str)| (user.role >= *least).then_some(*part);
        Self {
            csrf_token: state.engine.csrf_token(session),
            permissions: PARTS.iter().filter_map(has).collect(),
            user: PersonData {
                id: user.id.clone(),
                email: user.email.clone(),
                name: user.name.clone(),
                role: user.role,
                language: user.language,
                totp: user.totp,
            },
            workspace: PlaceData {
                id: workspace.id.clone(),
                name: workspace.name.clone(),
                language: workspace.language,
                time_zone: workspace.time_zone.clone(),
            },
        }
    }
}

/// The cookie that holds this token; without one, the cookie that takes it away.
pub(in crate::v1) fn cookie(state: &AppState, context: &Context, token: Option<&SecretString>) -> HeaderMap {
    let (value, age) = match token {
        Some(token) => (token.expose_secret(), LONGEST_SESSION.as_secs()),
        None => ("", 0),
    };
    let secure = if is_https(state, context) { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    let mut headers = HeaderMap::new();
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        headers.insert(header::SET_COOKIE, value);
    }
    headers
}
