//! `POST /v1/devices/{id}/phone`

use axum::extract::State;
use cetar_engine::phone::{PhoneAct, PhoneError};
use cetar_model::DeviceId;
use utoipa::ToSchema;

use super::{
    phone_act::parse,
    refusal::refused,
    view::{DeviceData, show},
};
use crate::{
    answer::Answer,
    auth::{Admin, Authorized},
    error::{ApiError, ErrorCode, Text},
    input::{Body, Id, Problem},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
};

refusals!(Refusals: InvalidJson, ValidationFailed, BodyTooLarge, NotFound, PeopleAreReal, NetworkUnavailable);

/// What is done on a simulated phone: in the shape of the webhook that follows.
#[derive(ToSchema)]
#[schema(as = UsePhone, example = json!({"from": "6281234567890", "type": "text", "text": "Halo"}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct PhoneBody {
    /// Whose phone: an address as in `to` of a send. Needed where a person writes.
    #[schema(nullable, required = false, min_length = 1, max_length = 131, example = "6281234567890")]
    from: Option<String>,
    /// What they write, by the `type` of webhooks; `button` presses. Or what happens to the account, by the `reason` that is told of it:
    /// `disconnected` and `restricted` pass, the others end the link. What the channel does not have is refused; `receives` of the
    /// device's capabilities lists it.
    #[schema(value_type = schema::PhoneType, required = true)]
    r#type: String,
    /// With `text`, `edited` and `poll` (the question), which need it: what is written. With media: the caption. With `reaction`: the
    /// emoji; empty or left out takes it back. With `button`: what stands on it.
    #[schema(nullable, required = false, max_length = 4096)]
    text: Option<String>,
    /// With media, which need it: the `media_url` that `POST /v1/media` answered.
    #[schema(nullable, required = false, max_length = 2048)]
    media_url: Option<String>,
    /// With `button`, which needs it: the id of the button.
    #[schema(nullable, required = false, max_length = 256)]
    button_id: Option<String>,
    /// The message it is about, which the webhook tells as `about`: with `button` the one that carries it; with `reaction`, `poll_vote`,
    /// `edited` and `deleted`, which need it, one of the same chat.
    #[schema(nullable, required = false, pattern = "^msg_[0-9a-f]{32}$")]
    message_id: Option<String>,
    /// The message it answers, of the same chat: ours or theirs.
    #[schema(nullable, required = false, pattern = "^msg_[0-9a-f]{32}$")]
    reply_to: Option<String>,
    /// With `location`, which needs it: `{"latitude", "longitude", "name"?, "address"?}`.
    #[schema(value_type = Option<Object>, nullable, required = false)]
    location: Option<serde_json::Value>,
    /// With `contact`, which needs it: `[{"name", "phones": […]}]`.
    #[schema(value_type = Option<Vec<Object>>, nullable, required = false)]
    contacts: Option<Vec<serde_json::Value>>,
    /// With `poll`, which needs it, and `poll_vote`: `{"options": […], "several"?}`, 2 to 12 answers, or those chosen.
    #[schema(value_type = Option<Object>, nullable, required = false)]
    poll: Option<serde_json::Value>,
    /// With `unsupported`, which needs it: the network's name of the kind, such as `order`, `view_once` or `undecryptable`.
    #[schema(nullable, required = false, max_length = 64)]
    kind_name: Option<String>,
    /// The name they gave themselves. Left out: `Sandbox`.
    #[schema(nullable, required = false, max_length = 256)]
    sender_name: Option<String>,
    /// They write it in this group: on WhatsApp `120363025246125888@g.us`, on Telegram `-1001234567890`.
    #[schema(nullable, required = false, max_length = 128)]
    group_id: Option<String>,
    /// The owner writes it, on the account's own phone: it comes as `message.echo`.
    #[schema(nullable, required = false, default = false)]
    echo: Option<bool>,
    /// With `echo`, which needs it outside a group: to whom.
    #[schema(nullable, required = false, max_length = 131)]
    to: Option<String>,
    /// `from` is an alias (a LID) whose number the network does not tell yet.
    #[schema(nullable, required = false, default = false)]
    from_lid: Option<bool>,
    /// With `from_lid`: the number behind it. The network tells it two seconds later: `contact.resolved`.
    #[schema(nullable, required = false, max_length = 15)]
    phone: Option<String>,
    /// With `disconnected` and `restricted`: how long it lasts. Left out: 30.
    #[schema(minimum = 1, maximum = 86_400, default = 30, nullable, required = false)]
    seconds: Option<u32>,
}

fn not_done(error: PhoneError, id: &DeviceId) -> ApiError {
    match error {
        PhoneError::PeopleAreReal => ApiError::new(ErrorCode::PeopleAreReal),
        PhoneError::NotAboutAnything => ApiError::field("message_id", Problem::NoSuchMessage),
        PhoneError::NotTheirs => ApiError::field("message_id", Problem::NotTheirs),
        PhoneError::NothingToAnswer => ApiError::field("reply_to", Problem::NoSuchMessage),
        PhoneError::NotUploaded => ApiError::field("media_url", Problem::NotUploaded),
        PhoneError::NoSuchMedium(why) => ApiError::field("media_url", Problem::NoSuchMedium(why)),
        PhoneError::WrongMedium { is, should } => {
            ApiError::field("media_url", Problem::WrongMedium { is, should })
        }
        PhoneError::Device(error) => refused(error, Some(id), ""),
    }
}

/// Use a simulated person's phone
///
/// Of a sandbox device: the person writes whatever the channel can carry, or presses a button, and it comes in as from any network, with
/// its webhook. Or something happens to the account, and the device's state and its `session.state` event say so.
#[utoipa::path(
    post,
    path = "/v1/devices/{id}/phone",
    tag = "devices",
    operation_id = "usePhone",
    params(("id" = String, Path, description = "The device's id.")),
    request_body = PhoneBody,
    responses((status = 200, description = "Done; it has come in.", body = Answer<DeviceData>), Refusals),
    security(("apiKey" = [])),
)]
pub(crate) async fn phone(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Admin>,
    Spoken(language): Spoken,
    Id(id): Id<DeviceId>,
    body: Body,
) -> Result<Answer<DeviceData>, ApiError> {
    let device = state.engine.device(&caller, &id).await?;
    let device = device.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    if !device.sandbox {
        return Err(ApiError::new(ErrorCode::PeopleAreReal));
    }
    let network = state.engine.providers().of(device.channel, device.sandbox);
    let network = network.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let act = parse(&body.fields(), device.channel, network.capabilities())?;
    let text = match &act {
        PhoneAct::Write(_) => Text::new("Pesan masuk.", "It has come in."),
        PhoneAct::Disturb(..) => Text::new("Sudah terjadi.", "It has happened."),
    };
    state.engine.use_phone(&caller, &id, act).await.map_err(|error| not_done(error, &id))?;
    Ok(Answer::new(language, text, show(&state, &caller, &id, language).await?))
}
