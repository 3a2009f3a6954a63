//! `POST /v1/send-template`: a template, filled, as a message.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use cetar_engine::{
    accept::{AcceptError, SendRequest},
    templates::FillError,
};
use cetar_model::{Content, MAX_FILLED, MAX_PLACEHOLDERS, NotFilled};
use utoipa::ToSchema;

use super::{
    content,
    envelope::{Envelope, Reach, channel, to},
    idempotency,
    queued::{self, Queued, answered_before, queue_or},
};
use crate::{
    answer::Answer,
    auth::{Authorized, Messages},
    context::Context,
    error::ApiError,
    input::{Body, Fields, Problem, TextRule},
    language::Spoken,
    openapi::{refusals, schema},
    state::AppState,
    v1::templates::fit,
};

refusals!(Refusals:
    InvalidJson, ValidationFailed, BodyTooLarge, PlanFeatureMissing, DeviceNotAllowed, NoDevice, SessionIdRequired,
    DeviceNotLinked, RecipientNotOptedIn, IdempotencyKeyReused, OutcomeUnknown,
);

fn refused(error: FillError) -> ApiError {
    match error {
        FillError::NotFound => ApiError::field("template_id", Problem::NoSuchTemplate),
        FillError::NotFilled(NotFilled::TooFewVariables(few)) => {
            ApiError::field("variables", Problem::TooFewVariables(few))
        }
        FillError::NotFilled(NotFilled::TooLong { part }) => {
            let problem = Box::new(Problem::TooLong { max: MAX_FILLED });
            ApiError::field("variables", Problem::TemplatePart { part: part.to_owned(), problem })
        }
        FillError::Empty => ApiError::field("variables", Problem::Empty),
        FillError::Store(error) => error.into(),
    }
}

/// A template to send.
#[derive(ToSchema)]
#[schema(as = SendTemplate, example = json!({"to": "6281234567890", "template_id": 123, "variables": ["Budi Santoso", "Rp 500.000"]}))]
#[expect(dead_code, reason = "read by hand, so that every bad field is listed at once")]
pub(crate) struct SendTemplateBody {
    /// To whom, as in `POST /v1/messages`.
    #[schema(min_length = 1, max_length = 33, example = "6281234567890")]
    to: String,
    /// Which template, by the id that its page shows.
    #[schema(minimum = 1, example = 123)]
    template_id: u64,
    /// What stands in place of `{{1}}`, `{{2}}`, …, in this order. More than the template has places for is not an error. Each is shown as
    /// it is written: what WhatsApp would read as markup in it is kept from that by an invisible character (U+2060) on both sides.
    #[schema(nullable, required = false, max_items = 100, example = json!(["Budi Santoso", "Rp 500.000"]))]
    variables: Option<Vec<String>>,
    /// `text` sends numbered lines instead of the template's buttons, as in `POST /v1/messages`.
    #[schema(nullable, required = false, example = json!(null))]
    fallback: Option<String>,
    /// Left out: `whatsapp`.
    #[schema(value_type = Option<schema::SendChannel>, default = "whatsapp", required = false)]
    channel: Option<String>,
    /// Through which device. Left out: the only one of that channel that the key may use.
    #[schema(value_type = Option<schema::DeviceId>, required = false)]
    session_id: Option<String>,
    /// Your own reference, up to 255 characters; it comes back in every event of this message.
    #[schema(min_length = 1, max_length = 255, pattern = "\\S", nullable, required = false)]
    client_ref: Option<String>,
    /// After this many seconds it is not sent any more: 1 to 604800 (7 days). Left out: 86400.
    #[schema(minimum = 1, maximum = 604_800, default = 86_400, nullable, required = false)]
    expires_in: Option<u32>,
}

/// Send a template
///
/// Fills a quick-reply template and sends it, with its media and buttons, as `POST /v1/messages` would.
#[utoipa::path(
    post,
    path = "/v1/send-template",
    tag = "messages",
    operation_id = "sendTemplate",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 printable characters, quoted or not. Its scope is the API key and this path.",
    )),
    request_body = SendTemplateBody,
    responses(
        (status = 200, description = "Accepted: on disk, and on its way.", body = Answer<Queued>, headers(
            ("Idempotent-Replayed" = Option<String>, description = "`true` where this is the answer of an earlier, equal request."),
        )),
        Refusals,
    ),
    security(("apiKey" = [])),
)]
pub(crate) async fn send_template(
    State(state): State<AppState>,
    Authorized { caller, .. }: Authorized<Messages>,
    context: Context,
    Spoken(language): Spoken,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let reach = Reach::of(&state, &caller);
    let (Filling { template, variables, as_text }, mut request) = read(&headers, &body, &reach)?;
    // The template may have been changed or deleted since.
    let asked = request.idempotency.as_ref();
    if let Some(answer) = answered_before(&state, &caller, &context, language, asked).await? {
        return Ok(answer);
    }
    let filled = state.engine.fill_template(&caller, template, &variables, request.channel).await;
    let (template, filled) = filled.map_err(refused)?;
    let shape = fit::Shape { channel: request.channel, as_text };
    let filled = shape.of(filled);
    if let Some(network) = reach.capabilities(request.channel) {
        let unfit = fit::with_variables(&template, &filled, network, shape);
        if !unfit.is_empty() {
            return Err(ApiError::fields(unfit));
        }
    }
    request.content = filled;
    let queued = queue_or(not_accepted, &state, &caller, &context, language, request).await?;
    Ok(queued.into_response())
}

/// What is wrong with the medium is wrong with the template: the request names none.
fn not_accepted(error: AcceptError) -> ApiError {
    match error {
        AcceptError::NoSuchMedium(why) => {
            let problem = Box::new(Problem::NoSuchMedium(why));
            let part = "media_url".to_owned();
            ApiError::field("template_id", Problem::TemplatePart { part, problem })
        }
        error => queued::refused(error),
    }
}

/// Which template, and what goes into it.
pub(crate) struct Filling {
    template: i64,
    variables: Vec<String>,
    as_text: bool,
}

fn read(headers: &HeaderMap, body: &Body, reach: &Reach) -> Result<(Filling, SendRequest), ApiError> {
    let fields = body.fields();
    let idempotency = idempotency::key(headers, body, &fields, "POST /v1/send-template");
    let (filling, parsed) = parse(&fields, reach)?;
    let request = Some(body.as_sent("/v1/send-template"));
    Ok((filling, SendRequest { idempotency, request, ..parsed }))
}

pub(crate) fn parse(fields: &Fields<'_>, reach: &Reach) -> Result<(Filling, SendRequest), ApiError> {
    let channel = channel(fields, reach);
    let to = to(fields, channel);
    fields.require("template_id");
    let template = fields.integer("template_id", 1..=i64::MAX.unsigned_abs());
    let variables = fields.texts_of("variables", MAX_PLACEHOLDERS as usize, TextRule::any(4096));
    let as_text = content::fallback(fields);
    let Envelope { device, client_ref, expires_in } = Envelope::read(fields);
    fields.check()?;
    let template = template.and_then(|template| i64::try_from(template).ok());
    let (Some(channel), Some(to), Some(template)) = (channel, to, template) else {
        return Err(ApiError::internal("a required field is missing and was not refused"));
    };
    // Until the template is read.
    let content = Content::Text { text: String::new() };
    let request = SendRequest {
        channel,
        to,
        content,
        device,
        reply_to: None,
        tag: None,
        client_ref,
        expires_in,
        request_id: None,
        request: None,
        idempotency: None,
    };
    Ok((Filling { template, variables, as_text }, request))
}
