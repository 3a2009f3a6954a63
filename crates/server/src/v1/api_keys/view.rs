//! An API key as the API shows it: without the secret.

use cetar_model::{ApiKeyId, DeviceId};
use cetar_store::{ApiKey, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Time, openapi::schema};

/// An API key; the secret itself is shown once, when it is made.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyData {
    /// Its id (not the secret).
    #[schema(value_type = String, example = "key_0199c3a0b6f47c3e9d3a5b1c2d3e4f50")]
    id: ApiKeyId,
    /// What its owner calls it.
    #[schema(example = "Toko")]
    name: String,
    /// The secret's beginning and last four characters, to recognise it by.
    #[schema(example = "sk_live_…a1B2")]
    hint: String,
    /// For sandbox devices.
    test: bool,
    /// What it may do.
    #[schema(value_type = Vec<schema::KeyScope>, required)]
    scopes: Vec<&'static str>,
    /// The devices it may use; empty: all.
    #[schema(value_type = Vec<String>)]
    device_ids: Vec<DeviceId>,
    /// Where it may be used from; empty: anywhere.
    #[schema(example = json!(["203.0.113.0/24"]))]
    allow_ips: Vec<String>,
    /// When it ends by itself.
    #[schema(required)]
    expires_at: Option<Time>,
    /// When it was revoked.
    #[schema(required)]
    revoked_at: Option<Time>,
    /// When it was last used, to within a minute.
    #[schema(required)]
    last_used_at: Option<Time>,
    /// When it was made.
    created_at: Time,
}

impl From<ApiKey> for KeyData {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            hint: key.hint,
            test: key.test,
            scopes: key.scopes.into_iter().map(Scope::as_str).collect(),
            device_ids: key.devices,
            allow_ips: key.allow_ips.iter().map(ToString::to_string).collect(),
            expires_at: key.expires_at.map(Time::from),
            revoked_at: key.revoked_at.map(Time::from),
            last_used_at: key.last_used_at.map(Time::from),
            created_at: key.created_at.into(),
        }
    }
}
