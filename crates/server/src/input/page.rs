//! Which part of a list: `?limit=` and `?after=`.

use std::{cmp::Ordering, fmt::Display, str::FromStr};

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use utoipa::IntoParams;

use crate::{
    answer::List,
    error::ApiError,
    input::{FieldProblem, JsonType, Problem},
};

const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 100;

/// A page of a list ordered by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    limit: usize,
    after: Option<String>,
}

/// As documented.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by hand, so that every bad parameter is listed at once")]
pub(crate) struct PageParams {
    /// How many entries, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 25, example = 25)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]*$")]
    after: Option<String>,
}

/// Which way ids run in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    OldestFirst,
    NewestFirst,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: DEFAULT_LIMIT, after: None }
    }
}

/// A cursor as callers see it.
pub(crate) fn cursor(place: &impl Display) -> String {
    URL_SAFE_NO_PAD.encode(place.to_string())
}

/// A cursor read back, if it is one.
pub(crate) fn read_cursor<T: FromStr>(text: &str) -> Option<T> {
    read_text(text)?.parse().ok()
}

fn read_text(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

impl Page {
    /// How many entries are wanted.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// What the cursor says, for a list whose cursors are no ids.
    pub(crate) fn after<T: FromStr>(&self) -> Result<Option<T>, ApiError> {
        let after = self.after.as_deref().map(str::parse).transpose();
        after.map_err(|_| ApiError::field("after", Problem::Cursor))
    }

    /// Cuts this page out of the whole list. Every cursor is the id of the last entry shown, so it stays good when that
    /// entry is deleted meanwhile.
    pub(crate) fn cut<T, U>(
        &self,
        mut all: Vec<T>,
        order: Order,
        id: impl Fn(&T) -> &str,
        show: impl FnMut(T) -> U,
    ) -> List<U> {
        let wanted = match order {
            Order::OldestFirst => Ordering::Greater,
            Order::NewestFirst => Ordering::Less,
        };
        if let Some(after) = &self.after {
            all.retain(|entry| id(entry).cmp(after.as_str()) == wanted);
        }
        all.sort_by(|a, b| match order {
            Order::OldestFirst => id(a).cmp(id(b)),
            Order::NewestFirst => id(b).cmp(id(a)),
        });
        self.of_fetched(all, |entry| cursor(&id(entry)), show)
    }

    /// The id after which it begins.
    pub(crate) fn after_id(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// How many entries to fetch: one more than the page holds tells whether there are further ones.
    pub(crate) const fn to_fetch(&self) -> usize {
        self.limit + 1
    }

    /// This page, of entries that were fetched for it in their order: those after [`Self::after_id`] or [`Self::after`],
    /// [`Self::to_fetch`] of them at most.
    pub(crate) fn of_fetched<T, U>(
        &self,
        mut entries: Vec<T>,
        cursor_of: impl Fn(&T) -> String,
        show: impl FnMut(T) -> U,
    ) -> List<U> {
        let has_more = entries.len() > self.limit;
        entries.truncate(self.limit);
        let next_cursor = entries.last().filter(|_| has_more).map(cursor_of);
        List { data: entries.into_iter().map(show).collect(), has_more, next_cursor }
    }

    /// Every bad parameter at once.
    pub(crate) fn read(query: &str) -> Result<Self, Vec<FieldProblem>> {
        let mut page = Self::default();
        let mut problems = Vec::new();
        let mut refuse =
            |field: &str, problem| problems.push(FieldProblem { field: field.to_owned(), problem });
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => match value.parse::<usize>() {
                    Ok(limit @ 1..=MAX_LIMIT) => page.limit = limit,
                    Ok(_) => refuse("limit", Problem::OutOfRange { min: 1, max: MAX_LIMIT as u64 }),
                    Err(_) => refuse("limit", Problem::WrongType(JsonType::Integer)),
                },
                "after" if value.is_empty() => {}
                "after" => match read_text(&value) {
                    Some(id) => page.after = Some(id),
                    None => refuse("after", Problem::Cursor),
                },
                _ => {}
            }
        }
        if problems.is_empty() { Ok(page) } else { Err(problems) }
    }
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::read(parts.uri.query().unwrap_or("")).map_err(ApiError::fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(order: Order) -> Vec<Vec<&'static str>> {
        let mut page = Page::read("limit=2").unwrap();
        let mut pages = Vec::new();
        loop {
            let list = page.cut(vec!["a", "b", "c", "d", "e"], order, |id| id, |id| id);
            pages.push(list.data);
            let Some(cursor) = list.next_cursor else { return pages };
            page = Page::read(&format!("limit=2&after={cursor}")).unwrap();
        }
    }

    #[test]
    fn walking_the_cursors_shows_everything_once() {
        assert_eq!(walk(Order::OldestFirst), [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
        assert_eq!(walk(Order::NewestFirst), [vec!["e", "d"], vec!["c", "b"], vec!["a"]]);
    }

    #[test]
    fn a_page_is_25_entries_unless_said_otherwise_and_never_more_than_100() {
        assert_eq!(Page::read("").unwrap().limit, 25);
        assert_eq!(Page::read("limit=100&other=1&after=").unwrap(), Page { limit: 100, after: None });
        for wrong in ["limit=0", "limit=101", "limit=-1", "limit=many", "limit=", "after=%%%", "after=_w"] {
            assert_eq!(Page::read(wrong).unwrap_err().len(), 1, "{wrong}");
        }
        assert_eq!(Page::read("limit=0&after=***").unwrap_err().len(), 2);
    }
}
