//! Reading the fields of a JSON object, collecting every problem instead of stopping at the first.

use std::{cell::RefCell, fmt::Display, ops::RangeInclusive, rc::Rc, str::FromStr, time::Duration};

use cetar_model::{Channel, DeviceId};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    error::ApiError,
    input::{FieldProblem, JsonType, Problem, problem::seconds},
};

/// What a text must be like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    /// Most characters.
    pub(crate) max: usize,
    /// What is refused as empty.
    pub(crate) empty: Empty,
}

/// What of a text is refused as empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    /// Nothing, and letters that do not show.
    Blank,
    /// Nothing is refused.
    Allowed,
}

impl Text {
    /// A name or a reference.
    pub(crate) const fn upto(max: usize) -> Self {
        Self { max, empty: Empty::Blank }
    }

    /// Anything, nothing included.
    pub(crate) const fn any(max: usize) -> Self {
        Self { max, empty: Empty::Allowed }
    }
}

type Problems = Rc<RefCell<Vec<FieldProblem>>>;

/// The fields of one object. JSON `null` is the same as an absent field; fields nobody asks for are ignored.
#[derive(Debug)]
pub(crate) struct Fields<'v> {
    map: Option<&'v Map<String, Value>>,
    path: String,
    problems: Problems,
}

impl<'v> Fields<'v> {
    /// The root of a body.
    pub(crate) fn of(map: &'v Map<String, Value>) -> Self {
        Self { map: Some(map), path: String::new(), problems: Problems::default() }
    }

    /// Notes a problem of this field.
    pub(crate) fn refuse(&self, name: &str, problem: Problem) {
        let field = format!("{}{name}", self.path);
        self.problems.borrow_mut().push(FieldProblem { field, problem });
    }

    /// Notes a problem that somebody else found, at its own path.
    pub(crate) fn add(&self, problem: FieldProblem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Every problem noted so far, here or in objects inside, in the order found; `Ok` if there is none.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let problems = self.problems.take();
        if problems.is_empty() { Ok(()) } else { Err(ApiError::fields(problems)) }
    }

    /// What is required, where nothing was refused: every problem noted so far otherwise.
    pub(crate) fn complete<T>(&self, required: Option<T>) -> Result<T, ApiError> {
        self.check()?;
        required.ok_or_else(|| ApiError::internal("a required field is missing and was not refused"))
    }

    /// Notes every field that is none of these. For what is set by hand as a whole, where a name mistyped would mean its default.
    pub(crate) fn only(&self, known: &'static [&'static str]) {
        let names = self.map.into_iter().flat_map(Map::keys);
        for name in names.filter(|name| !known.contains(&name.as_str())) {
            self.refuse(name, Problem::UnknownField { known });
        }
    }

    /// The value, unless it is absent or `null`.
    fn get(&self, name: &str) -> Option<&'v Value> {
        self.map?.get(name).filter(|value| !value.is_null())
    }

    /// Whether something is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value as it is, for what is looked at before it is read.
    pub(crate) fn peek(&self, name: &str) -> Option<&'v Value> {
        self.get(name)
    }

    /// Whether it is an object.
    pub(crate) fn is_object(&self, name: &str) -> bool {
        self.get(name).is_some_and(Value::is_object)
    }

    /// Whether it is exactly this text.
    pub(crate) fn is_text(&self, name: &str, text: &str) -> bool {
        self.get(name).and_then(Value::as_str) == Some(text)
    }

    fn typed<T>(&self, name: &str, wanted: JsonType, read: impl Fn(&'v Value) -> Option<T>) -> Option<T> {
        let value = self.get(name)?;
        let read = read(value);
        if read.is_none() {
            self.refuse(name, Problem::WrongType(wanted));
        }
        read
    }

    /// Notes an absent field.
    pub(crate) fn require(&self, name: &str) {
        if !self.has(name) {
            self.refuse(name, Problem::Required);
        }
    }

    /// A string, as it is.
    pub(crate) fn raw_text(&self, name: &str) -> Option<&'v str> {
        self.typed(name, JsonType::Text, Value::as_str)
    }

    /// A string within its bounds.
    pub(crate) fn text(&self, name: &str, rule: Text) -> Option<&'v str> {
        let text = self.raw_text(name)?;
        match check_text(text, rule) {
            Ok(()) => Some(text),
            Err(problem) => {
                self.refuse(name, problem);
                None
            }
        }
    }

    /// A string in a form of its own; `problem` is what to say if it is not.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, problem: impl FnOnce() -> Problem) -> Option<T> {
        let text = self.raw_text(name)?;
        if text.is_empty() {
            self.refuse(name, Problem::Empty);
            return None;
        }
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.refuse(name, problem());
        }
        parsed
    }

    /// The id of a device.
    pub(crate) fn device(&self, name: &str) -> Option<DeviceId> {
        self.parsed(name, || Problem::Id { prefix: DeviceId::PREFIX })
    }

    /// A channel.
    pub(crate) fn channel(&self, name: &str) -> Option<Channel> {
        self.parsed(name, || Problem::unknown(Channel::ALL, Channel::as_str))
    }

    /// Yes or no.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.typed(name, JsonType::Boolean, Value::as_bool)
    }

    /// A whole number within its bounds.
    pub(crate) fn integer(&self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let out_of_range = Problem::OutOfRange { min: *range.start(), max: *range.end() };
        let value = self.get(name)?;
        let problem = match value.as_u64().or_else(|| whole(value)) {
            Some(number) if range.contains(&number) => return Some(number),
            Some(_) => out_of_range,
            None if value.is_number() && value.as_f64().is_some_and(|number| number.fract() == 0.0) => {
                out_of_range
            }
            None => Problem::WrongType(JsonType::Integer),
        };
        self.refuse(name, problem);
        None
    }

    /// A span of whole seconds within its bounds.
    pub(crate) fn seconds(&self, name: &str, min: Duration, max: Duration) -> Option<Duration> {
        self.integer(name, seconds(min)..=seconds(max)).map(Duration::from_secs)
    }

    /// The fields of an object inside; of none at all, where it is absent or wrong (which is noted).
    pub(crate) fn object(&self, name: &str) -> Self {
        let map = self.typed(name, JsonType::Object, Value::as_object);
        Self { map, path: format!("{}{name}.", self.path), problems: Rc::clone(&self.problems) }
    }

    /// An array of texts, at most `max`. Absent is empty.
    pub(crate) fn texts_of(&self, name: &str, max: usize, rule: Text) -> Vec<String> {
        let entries = self.typed(name, JsonType::Array, Value::as_array).map_or(&[][..], Vec::as_slice);
        if entries.len() > max {
            self.refuse(name, Problem::TooMany { max });
            return Vec::new();
        }
        let read = |(index, entry): (usize, &Value)| {
            let text = entry.as_str().ok_or(Problem::WrongType(JsonType::Text));
            match text.and_then(|text| check_text(text, rule).map(|()| text)) {
                Ok(text) => Some(text.to_owned()),
                Err(problem) => {
                    self.refuse(&format!("{name}[{index}]"), problem);
                    None
                }
            }
        };
        entries.iter().enumerate().filter_map(read).collect()
    }

    /// An array of objects, at most `max`, each by its place: `buttons[1].`. `None` where it is absent or wrong.
    pub(crate) fn objects(&self, name: &str, max: usize) -> Option<Vec<Self>> {
        let entries = self.typed(name, JsonType::Array, Value::as_array)?;
        if entries.len() > max {
            self.refuse(name, Problem::TooMany { max });
            return None;
        }
        let read = |(index, entry): (usize, &'v Value)| {
            let map = entry.as_object();
            if map.is_none() {
                self.refuse(&format!("{name}[{index}]"), Problem::WrongType(JsonType::Object));
            }
            let path = format!("{}{name}[{index}].", self.path);
            Self { map, path, problems: Rc::clone(&self.problems) }
        };
        Some(entries.iter().enumerate().map(read).collect())
    }

    /// An http or https address, as it was written.
    pub(crate) fn http_url(&self, name: &str, max: usize) -> Option<&'v str> {
        let text = self.text(name, Text::upto(max))?;
        if is_http_url(text) {
            return Some(text);
        }
        self.refuse(name, Problem::NotHttpUrl);
        None
    }

    /// Whether this object was there.
    pub(crate) fn exists(&self) -> bool {
        self.map.is_some()
    }

    /// Names and string values of this object.
    pub(crate) fn texts(&self, rule: Text) -> Vec<(String, String)> {
        let names = self.map.into_iter().flat_map(Map::keys);
        names.filter_map(|name| Some((name.clone(), self.text(name, rule)?.to_owned()))).collect()
    }

    /// An array of strings, each in a form of its own, at most `max`. Absent is empty.
    pub(crate) fn list<T: FromStr>(&self, name: &str, max: usize, problem: impl Fn() -> Problem) -> Vec<T> {
        self.list_of(name, max, problem, |_| None)
    }

    /// The same, where what reads well may still be refused.
    pub(crate) fn list_of<T: FromStr>(
        &self,
        name: &str,
        max: usize,
        problem: impl Fn() -> Problem,
        refusal: impl Fn(&T) -> Option<Problem>,
    ) -> Vec<T> {
        let entries = self.typed(name, JsonType::Array, Value::as_array).map_or(&[][..], Vec::as_slice);
        if entries.len() > max {
            self.refuse(name, Problem::TooMany { max });
            return Vec::new();
        }
        let read = |(index, entry): (usize, &Value)| {
            let problem = match entry.as_str().map(str::parse) {
                Some(Ok(parsed)) => match refusal(&parsed) {
                    None => return Some(parsed),
                    Some(refusal) => refusal,
                },
                Some(Err(_)) => problem(),
                None => Problem::WrongType(JsonType::Text),
            };
            self.refuse(&format!("{name}[{index}]"), problem);
            None
        };
        entries.iter().enumerate().filter_map(read).collect()
    }
}

/// Whether it is an address that can be called by http or https, as far as its form tells.
pub(crate) fn is_http_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

/// `60.0` is a whole number too: JSON has one kind of number, and PHP writes floats so.
fn whole(value: &Value) -> Option<u64> {
    let number = value.as_f64().filter(|number| (0.0..=9_007_199_254_740_992.0).contains(number))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within its bounds"
    )]
    (number.fract() == 0.0).then_some(number as u64)
}

fn check_text(text: &str, rule: Text) -> Result<(), Problem> {
    if rule.empty == Empty::Blank && text.trim().is_empty() {
        return Err(Problem::Empty);
    }
    if text.contains('\0') {
        return Err(Problem::NulCharacter);
    }
    // Cheap first: no text has more characters than bytes.
    if text.len() > rule.max && text.chars().count() > rule.max {
        return Err(Problem::TooLong { max: rule.max });
    }
    Ok(())
}

/// For lists of words whose `FromStr` error does not matter.
pub(crate) fn words<T: Copy + Display>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
