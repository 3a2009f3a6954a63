//! `POST /v1/api-keys`

use std::time::Duration;

use axum::extract::State;
use cetar_engine::keys::{self, KeyError, NewKey};
use cetar_model::DeviceId;
use cetar_store::{Device, Scope};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::KeyData;
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, Text},
    input::{Body, Fields, IpRange, Problem, TextRule},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, OutcomeUnknown);

fn refused(error: KeyError, wanted: &NewKey) -> ApiError {
    match error {
        KeyError::NoSuchDevice(id) => {
            let index = wanted.devices.iter().position(|device| *device == id).unwrap_or(0);
            ApiError::field(format!("device_ids[{index}]"), Problem::NoSuchDevice)
        }
        KeyError::OutsideOwnRanges(range) => {
            let index = wanted.allow_ips.iter().position(|wanted| *wanted == range).unwrap_or(0);
            ApiError::field(format!("allow_ips[{index}]"), Problem::OutsideOwnRanges)
        }
        KeyError::OutlivesMaker(left) => {
            let max = left.as_secs();
            ApiError::field("expires_in", Problem::OutOfRange { min: max.min(60), max })
        }
        KeyError::Store(error) => error.into(),
    }
}

/// A key to make.
#[derive(ToSchema)]
#[schema(as = NewApiKey, example = json!({"name": "Toko", "scopes": ["messages"]}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct NewKeyBody {
    /// What you call it, up to 100 characters.
    #[schema(min_length = 1, max_length = 100, pattern = "\\S")]
    name: String,
    /// Only these devices; left out: all.
    #[schema(value_type = Option<Vec<schema::DeviceId>>, max_items = 100, required = false)]
    device_ids: Option<Vec<String>>,
    /// Only from these addresses or ranges; left out: anywhere.
    #[schema(max_items = 100, nullable, required = false, example = json!(["203.0.113.0/24"]))]
    allow_ips: Option<Vec<String>>,
    /// Ends by itself after this many seconds, 60 to 315360000 (ten years); left out: never.
    #[schema(minimum = 60, maximum = 315_360_000, nullable, required = false)]
    expires_in: Option<u32>,
    /// What it may do; left out: `messages`.
    #[schema(value_type = Option<Vec<schema::KeyScope>>, required = false)]
    scopes: Option<Vec<String>>,
    /// For sandbox devices: a `sk_test_` key.
    #[schema(default = false, nullable, required = false)]
    test: Option<bool>,
}

/// The key, and its secret, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedKey {
    /// The secret: what goes after `Bearer `. It is not kept; copy it now.
    #[schema(example = "sk_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    key: String,
    #[serde(flatten)]
    data: KeyData,
}

/// `there`: the devices that the caller may see.
fn parse(fields: &Fields<'_>, there: &[Device]) -> Result<NewKey, ApiError> {
    fields.require("name");
    let name = fields.text("name", TextRule::upto(100)).map(|name| name.trim().to_owned());
    let ranges: Vec<IpRange> = fields.list("allow_ips", 100, || Problem::IpRange);
    let expires_in =
        fields.seconds("expires_in", Duration::from_mins(1), Duration::from_hours(24 * 365 * 10));
    let mut scopes: Vec<Scope> =
        fields.list("scopes", 10, || Problem::unknown(&schema::SCOPES, Scope::as_str));
    scopes.sort_unstable();
    scopes.dedup();
    let test = fields.flag("test").unwrap_or(false);
    let not_an_id = || Problem::Id { prefix: DeviceId::PREFIX };
    let devices = fields.list_of("device_ids", 100, not_an_id, |id| {
        let suits = |device: &Device| device.id == *id && keys::suits(device, test, &scopes);
        (!there.iter().any(suits)).then_some(Problem::NoSuchDevice)
    });
    let name = fields.complete(name)?;
    let allow_ips = ranges.into_iter().map(|range| range.0).collect();
    Ok(NewKey { name, test, devices, allow_ips, expires_in, scopes })
}

/// Make an API key
///
/// The secret is in this answer only. A key makes none that may do more than itself: what is left out of `device_ids`, `allow_ips` and
/// `expires_in` is as it is for the key that asks.
#[utoipa::path(
    post,
    path = "/v1/api-keys",
    tag = "api-keys",
    operation_id = "createApiKey",
    request_body = NewKeyBody,
    responses((status = 200, description = "Made.", body = Answer<CreatedKey>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    body: Body,
) -> Result<Answer<CreatedKey>, ApiError> {
    let there = state.engine.devices(&caller).await?;
    let key = parse(&body.fields(), &there)?;
    let made = state.engine.create_key(&caller, key.clone()).await;
    let (key, secret) = made.map_err(|error| refused(error, &key))?;
    let text = Text::new(
        "API key dibuat. Salin sekarang; key tidak ditampilkan lagi.",
        "The API key is made. Copy it now; it is not shown again.",
    );
    let created = CreatedKey { key: secret.expose_secret().to_owned(), data: key.into() };
    Ok(Answer::new(language, text, created))
}
