//! `GET /v1/devices/{id}/capabilities`

use axum::extract::State;
use cetar_model::{ContentKind, DeviceId, LinkMethod, MAX_BUTTONS, Markup};
use cetar_provider::{ButtonLimits, Capabilities, Length, Receives};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    auth::{Authorized, Either},
    error::{ApiError, ErrorCode},
    input::Id,
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: NotFound);

/// What a device's channel can carry. What is not here is refused before it is queued.
#[derive(Serialize, ToSchema)]
#[schema(as = Capabilities)]
pub(crate) struct CapabilitiesData {
    /// The types it can send.
    #[schema(value_type = Vec<schema::ContentType>)]
    types: Vec<ContentKind>,
    /// The longest text.
    text: LengthData,
    /// The longest text below a medium.
    caption: LengthData,
    /// What `parse_mode` may be; empty where texts carry no markup.
    #[schema(value_type = Vec<schema::ParseMode>)]
    parse_modes: &'static [Markup],
    /// The media it can send, by type.
    media: Vec<MediaData>,
    /// What buttons can be; `null` where there are none.
    #[schema(required)]
    buttons: Option<ButtonData>,
    /// It answers `POST /v1/check-number`.
    check_number: bool,
    /// It answers `POST /v1/typing`.
    typing: bool,
    /// How it is linked; empty where settings suffice.
    #[schema(value_type = Vec<schema::LinkMethod>)]
    link_methods: &'static [LinkMethod],
    /// What can come in.
    receives: ReceivesData,
}

/// What can come in from a channel.
#[derive(Serialize, ToSchema)]
#[schema(as = Receives)]
pub(crate) struct ReceivesData {
    /// The types.
    #[schema(value_type = Vec<schema::ContentType>)]
    types: &'static [ContentKind],
    /// Those of them that carry a caption.
    #[schema(value_type = Vec<schema::ContentType>)]
    captioned: &'static [ContentKind],
    /// Messages of groups.
    groups: bool,
    /// What the owner writes on the account's own phone: `message.echo`.
    echoes: bool,
    /// Senders whose number is told later, if at all: `from_lid`.
    from_lid: bool,
}

impl From<Receives> for ReceivesData {
    fn from(Receives { content, captioned, groups, echoes, aliases }: Receives) -> Self {
        Self { types: content, captioned, groups, echoes, from_lid: aliases }
    }
}

/// The most, and what is counted.
#[derive(Serialize, ToSchema)]
#[schema(as = Length)]
pub(crate) struct LengthData {
    /// So many.
    #[schema(example = 4096)]
    max: usize,
    /// `characters`, `utf16_units` (an emoji is mostly two) or `bytes` (of UTF-8).
    #[schema(value_type = schema::LengthUnit)]
    unit: &'static str,
}

/// What can be sent of one type of media.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaLimit)]
pub(crate) struct MediaData {
    /// The type.
    #[schema(value_type = schema::ContentType)]
    r#type: ContentKind,
    /// Media types, told by the file's content.
    #[schema(example = json!(["image/jpeg", "image/png"]))]
    content_types: &'static [&'static str],
    /// The largest, in bytes.
    #[schema(example = 16_777_216)]
    max_bytes: u64,
    /// It carries a caption.
    caption: bool,
}

/// What buttons can be.
#[derive(Serialize, ToSchema)]
#[schema(as = ButtonLimits)]
pub(crate) struct ButtonData {
    /// Most of them.
    #[schema(example = 3)]
    max: usize,
    /// The kinds it carries.
    #[schema(value_type = Vec<schema::ButtonType>)]
    types: Vec<&'static str>,
    /// Kinds may be mixed in one message.
    mixed: bool,
    /// A picture may stand above them.
    picture: bool,
    /// The text above them.
    text: LengthData,
    /// The title; `null` where there is none.
    #[schema(required)]
    title: Option<LengthData>,
    /// The footer; `null` where there is none.
    #[schema(required)]
    footer: Option<LengthData>,
    /// What stands on one.
    label: LengthData,
    /// The id of a quick reply.
    id: LengthData,
    /// What is copied.
    copy_code: LengthData,
    /// The network does not promise to show them: send `"fallback": "text"` where it matters.
    best_effort: bool,
}

impl From<Length> for LengthData {
    fn from(Length { max, unit }: Length) -> Self {
        Self { max, unit: unit.as_str() }
    }
}

impl From<ButtonLimits> for ButtonData {
    fn from(limits: ButtonLimits) -> Self {
        let kinds = [("quick_reply", true), ("cta_url", limits.urls), ("cta_copy", limits.codes)];
        Self {
            max: MAX_BUTTONS,
            types: kinds.into_iter().filter(|(_, carried)| *carried).map(|(kind, _)| kind).collect(),
            mixed: limits.mixed,
            picture: limits.media,
            text: limits.text.into(),
            title: limits.title.map(LengthData::from),
            footer: limits.footer.map(LengthData::from),
            label: limits.label.into(),
            id: limits.id.into(),
            copy_code: limits.code.into(),
            best_effort: limits.best_effort,
        }
    }
}

impl From<&Capabilities> for CapabilitiesData {
    fn from(network: &Capabilities) -> Self {
        let media = network.media.iter().map(|limit| MediaData {
            r#type: limit.kind,
            content_types: limit.content_types,
            max_bytes: limit.max_bytes,
            caption: network.captioned.contains(&limit.kind),
        });
        Self {
            types: network.content.to_vec(),
            text: network.text.into(),
            caption: network.caption.into(),
            parse_modes: network.markups,
            media: media.collect(),
            buttons: network.buttons.map(ButtonData::from),
            check_number: network.check.is_some(),
            typing: network.typing,
            link_methods: network.link_methods,
            receives: network.receives.into(),
        }
    }
}

/// Read what a device can send
///
/// Types, lengths and sizes of its channel. What does not fit is refused before it is queued, with the field that is too much.
#[utoipa::path(
    get,
    path = "/v1/devices/{id}/capabilities",
    tag = "devices",
    operation_id = "getDeviceCapabilities",
    params(("id" = String, Path, description = "The device's id, the `session_id` of sends.")),
    responses((status = 200, description = "What it can send.", body = Answer<CapabilitiesData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn capabilities(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Either>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
) -> Result<Answer<CapabilitiesData>, ApiError> {
    let device = state.engine.device(&caller, &id).await?;
    let network = device.and_then(|device| {
        let network = state.engine.providers().of(device.channel, device.sandbox)?;
        Some(CapabilitiesData::from(network.capabilities()))
    });
    let network = network.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Answer::found(language, network))
}
