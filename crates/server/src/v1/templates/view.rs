//! A template as the API shows it.

use cetar_model::Button;
use cetar_store::TemplateRecord;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answer::Time, v1::messages::create::SendButton};

/// A quick-reply template.
#[derive(Serialize, ToSchema)]
#[schema(as = Template)]
pub(crate) struct TemplateData {
    /// The `template_id` of `POST /v1/send-template`.
    #[schema(example = 123)]
    id: i64,
    /// What you call it.
    #[schema(example = "Tagihan")]
    name: String,
    /// The text, with its placeholders.
    #[schema(example = "Halo {{1}}, tagihan Anda {{2}}.")]
    text: String,
    /// Above the text.
    #[schema(required)]
    title: Option<String>,
    /// Below the text.
    #[schema(required)]
    footer: Option<String>,
    /// The picture, film or file above it all.
    #[schema(required)]
    media_url: Option<String>,
    /// Its buttons.
    #[schema(value_type = Vec<SendButton>)]
    buttons: Vec<Button>,
    /// The numbers of its placeholders, ascending: `variables` needs as many entries as the highest says.
    #[schema(example = json!([1, 2]))]
    placeholders: Vec<u32>,
    /// When it was made.
    created_at: Time,
    /// When it was last changed.
    updated_at: Time,
}

impl From<TemplateRecord> for TemplateData {
    fn from(record: TemplateRecord) -> Self {
        let TemplateRecord { id, name, template, created_at, updated_at } = record;
        let placeholders = template.placeholders();
        Self {
            id,
            name,
            text: template.text,
            title: template.title,
            footer: template.footer,
            media_url: template.media_url,
            buttons: template.buttons,
            placeholders,
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}
