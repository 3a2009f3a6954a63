//! The envelope of success.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use cetar_model::{Language, Timestamp};
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::error::{ApiError, ErrorCode, Text};

/// One thing, and what happened, in words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answer<T> {
    /// Always true.
    #[schema(example = true)]
    pub(crate) success: bool,
    /// What happened, for a person.
    pub(crate) message: String,
    /// The thing.
    pub(crate) data: T,
}

impl<T> Answer<T> {
    pub(crate) fn new(language: Language, message: Text, data: T) -> Self {
        Self { success: true, message: message.into(language), data }
    }

    /// For questions, where there is nothing to tell beside the answer.
    pub(crate) fn found(language: Language, data: T) -> Self {
        Self::new(language, Text::new("Ditemukan.", "Found."), data)
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Removed {
    /// Its id.
    id: String,
}

impl Removed {
    pub(crate) fn of(id: &impl ToString) -> Self {
        Self { id: id.to_string() }
    }

    /// The answer where something was removed, and where there was nothing to remove.
    pub(crate) fn answer(
        was_there: bool,
        language: Language,
        done: Text,
        id: &impl ToString,
    ) -> Result<Answer<Self>, ApiError> {
        if was_there {
            Ok(Answer::new(language, done, Self::of(id)))
        } else {
            Err(ApiError::new(ErrorCode::NotFound))
        }
    }
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    pub(crate) has_more: bool,
    pub(crate) next_cursor: Option<String>,
}

/// A page of a list, as sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListAnswer<T> {
    /// Always true.
    #[schema(example = true)]
    success: bool,
    /// The entries.
    data: Vec<T>,
    /// Whether there are further ones.
    has_more: bool,
    /// To be sent back as `?after=` for the next page; `null` on the last.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl<T> From<List<T>> for ListAnswer<T> {
    fn from(List { data, has_more, next_cursor }: List<T>) -> Self {
        Self { success: true, data, has_more, next_cursor }
    }
}

impl<T: Serialize> IntoResponse for ListAnswer<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// A moment, as the API shows it: RFC 3339, UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(Timestamp);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Outside the years -9999 to 9999 there is nothing sensible to show.
        let at = jiff::Timestamp::from_microsecond(self.0.as_micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{at:.3}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2024-03-05T14:46:40.000Z"])
            .into()
    }
}

impl ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_rfc_3339_in_utc_with_milliseconds() {
        let show = |micros| Time(Timestamp::from_micros(micros)).to_string();
        assert_eq!(show(1_709_650_000_000_000), "2024-03-05T14:46:40.000Z");
        assert_eq!(show(1_709_650_000_123_999), "2024-03-05T14:46:40.123Z");
        assert_eq!(show(i64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
