//! Whether a template is something that a channel can carry: when it is saved, and when it is sent.

use cetar_engine::auth::Caller;
use cetar_model::{Channel, Content, Template};
use cetar_provider::{Capabilities, Unfit};

use crate::{
    error::ApiError,
    input::{FieldProblem, Problem},
    state::AppState,
    v1::messages::{
        envelope::{CHANNELS, Reach},
        unfit,
    },
};

/// How a template goes out.
#[derive(Debug, Clone, Copy)]
pub(in crate::v1) struct Shape {
    pub(in crate::v1) channel: Channel,
    /// Its buttons as numbered lines.
    pub(in crate::v1) as_text: bool,
}

impl Shape {
    /// A filled template in this shape.
    pub(in crate::v1) fn of(self, content: Content) -> Content {
        match content {
            Content::Buttons(buttons) if self.as_text => buttons.into_text(),
            content => content,
        }
    }
}

/// Refuses a template that could never be sent: that none of the workspace's channels can carry, be it as text, whatever its places are
/// filled with, or whose medium will be gone.
pub(super) async fn check(state: &AppState, caller: &Caller, template: &Template) -> Result<(), ApiError> {
    if template.media_url.as_deref().is_some_and(|url| state.engine.is_own_media_url(url)) {
        return Err(ApiError::field("media_url", Problem::EndingAddress));
    }
    let reach = Reach::of(state, caller);
    let devices = state.engine.devices(caller).await?;
    let has_device = |channel: &Channel| devices.iter().any(|device| device.channel == *channel);
    let mut channels: Vec<Channel> = CHANNELS.into_iter().filter(has_device).collect();
    if channels.is_empty() {
        channels.push(Channel::Whatsapp);
    }
    let mut refusal = None;
    for channel in channels {
        let Some(network) = reach.capabilities(channel) else { continue };
        let problems = unfilled(template, network, Shape { channel, as_text: false });
        // What has no buttons that fit can be meant to go out without.
        if problems.is_empty() || unfilled(template, network, Shape { channel, as_text: true }).is_empty() {
            return Ok(());
        }
        refusal = refusal.or(Some(problems));
    }
    refusal.map_or(Ok(()), |problems| Err(ApiError::fields(problems)))
}

/// What is wrong with a template whatever its places are filled with, at its own fields.
fn unfilled(template: &Template, network: &Capabilities, shape: Shape) -> Vec<FieldProblem> {
    let problems = unfit_without_variables(template, network, shape);
    problems.iter().map(|unfit| FieldProblem { field: part(unfit), ..unfit::problem(unfit) }).collect()
}

/// What is wrong with one that is filled, at the fields of the send: the template itself, or what its places were filled with. Each names
/// the part.
pub(in crate::v1) fn with_variables(
    template: &Template,
    filled: &Content,
    network: &Capabilities,
    shape: Shape,
) -> Vec<FieldProblem> {
    let unfit = network.unfit(filled);
    if unfit.is_empty() {
        return Vec::new();
    }
    let ever = unfit_without_variables(template, network, shape);
    let told = unfit.iter().map(|unfit| {
        let field = if ever.contains(unfit) { "template_id" } else { "variables" };
        let problem =
            Problem::TemplatePart { part: part(unfit), problem: Box::new(unfit::problem(unfit).problem) };
        FieldProblem { field: field.to_owned(), problem }
    });
    told.collect()
}

fn unfit_without_variables(template: &Template, network: &Capabilities, shape: Shape) -> Vec<Unfit> {
    let needed = template.placeholders().last().copied().unwrap_or(0);
    let nothing = vec![String::new(); usize::try_from(needed).unwrap_or(usize::MAX)];
    // As many as it has places: there are never too few.
    let filled = template.fill(&nothing, shape.channel);
    filled.map(|content| network.unfit(&shape.of(content))).unwrap_or_default()
}

/// The part as a template names it.
fn part(unfit: &Unfit) -> String {
    let field = unfit::problem(unfit).field;
    match field.strip_prefix("content.") {
        // Below a medium its text is a caption.
        Some("caption") => "text".to_owned(),
        Some(part) => part.to_owned(),
        // Its type is that of its medium and its buttons.
        None if field == "type" => "media_url".to_owned(),
        None => field,
    }
}
