//! What of a content its channel cannot carry, at the fields that say it.

use cetar_provider::{Part, Unfit};

use crate::input::{FieldProblem, Problem, words};

/// The field it stands in, and what is wrong with it.
pub(in crate::v1) fn problem(unfit: &Unfit) -> FieldProblem {
    let (field, problem) = match *unfit {
        Unfit::Kind { instead, .. } => ("type".to_owned(), Problem::NotOnChannel { allowed: words(instead) }),
        Unfit::TooLong { part, most } => (field(part), Problem::TooLongFor(most)),
        Unfit::NoPart(Part::Button(at)) => {
            (format!("content.buttons[{at}].type"), Problem::NotOnChannel { allowed: Vec::new() })
        }
        Unfit::NoPart(part) => (field(part), Problem::NotOnChannel { allowed: Vec::new() }),
        Unfit::Mixed => ("content.buttons".to_owned(), Problem::MixedButtons),
    };
    FieldProblem { field, problem }
}

fn field(part: Part) -> String {
    match part {
        Part::Text => "content.text".to_owned(),
        Part::Caption => "content.caption".to_owned(),
        Part::Title => "content.title".to_owned(),
        Part::Footer => "content.footer".to_owned(),
        Part::Picture => "media_url".to_owned(),
        Part::Button(at) => format!("content.buttons[{at}]"),
        Part::Label(at) => format!("content.buttons[{at}].text"),
        Part::Id(at) => format!("content.buttons[{at}].id"),
        Part::Markup => "content.parse_mode".to_owned(),
        Part::Code(at) => format!("content.buttons[{at}].copy_code"),
    }
}
