//! A template of Meta's as the API shows it.

use cetar_model::{DeviceId, KnownTemplate};
use cetar_store::OfficialRecord;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{answer::Time, openapi::schema};

/// A template of a WhatsApp business account.
#[derive(Serialize, ToSchema)]
#[schema(as = OfficialTemplate)]
pub(crate) struct OfficialTemplateData {
    /// The device that may send it.
    #[schema(value_type = schema::DeviceId)]
    session_id: DeviceId,
    /// The `template_name` of `POST /v1/meta/messages`.
    #[schema(example = "hello_world")]
    name: String,
    /// The `language` of `POST /v1/meta/messages`.
    #[schema(example = "id")]
    language: String,
    /// Meta's word: `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`, …; Meta adds others.
    #[schema(example = "APPROVED")]
    status: String,
    /// Whether a message by it is accepted here; where not, Meta would refuse it.
    is_sendable: bool,
    /// Why it was refused or paused, in Meta's word.
    #[schema(required)]
    reason: Option<String>,
    /// Meta's word: `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    #[schema(example = "UTILITY")]
    category: String,
    /// Meta's own description of it: header, text, footer, buttons.
    #[schema(value_type = Vec<Object>, example = json!([{"type": "BODY", "text": "Halo {{1}}"}]))]
    components: Box<RawValue>,
    /// When Meta was last asked, or told us.
    updated_at: Time,
}

impl From<OfficialRecord> for OfficialTemplateData {
    fn from(record: OfficialRecord) -> Self {
        let is_sendable = !record.template.is_refused();
        let KnownTemplate { name, language, status, reason, category, components, .. } = record.template;
        Self {
            session_id: record.device,
            name,
            language,
            status,
            is_sendable,
            reason,
            category,
            components: RawValue::from_string(components).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            updated_at: record.updated_at.into(),
        }
    }
}
