//! Reading requests so that every bad field is listed at once, each with what to do about it.

mod body;
mod ip_range;
mod moment;
mod object;
mod page;
mod path;
mod problem;
mod recipient;
mod time_zone;

pub(crate) use body::{Body, invalid_json};
pub(crate) use ip_range::IpRange;
pub(crate) use moment::Moment;
pub(crate) use object::{Fields, Text as TextRule, is_http_url, words};
pub(crate) use page::{Order, Page, PageParams, cursor, read_cursor};
pub(crate) use path::Id;
pub(crate) use problem::{FieldError, FieldProblem, JsonType, Problem};
pub(crate) use recipient::recipient;
pub(crate) use time_zone::time_zone;
