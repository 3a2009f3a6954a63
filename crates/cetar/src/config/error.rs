//! What is wrong with the configuration: which key, what form its value has, and where the wrong one came from.

use std::{fmt, path::Path};

use figment::{
    Metadata, Source,
    error::{Actual, Kind},
};

use super::{Key, SECTIONS, Section};

/// The name of the environment as a source.
pub(crate) const ENVIRONMENT: &str = "environment";
/// The name of the command line as a source.
pub(crate) const FLAGS: &str = "flags";

/// All that is wrong, to be told at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigError(pub(super) Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "the configuration is wrong: {one}"),
            several => {
                write!(f, "the configuration is wrong:")?;
                several.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Problem {
    /// A rule between keys is broken.
    pub(crate) fn rule(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The file named is not there.
    pub(crate) fn no_file(path: &Path) -> Self {
        Self(format!(
            "there is no file {}; --config (or CETAR_CONFIG) must name one that exists",
            path.display()
        ))
    }

    /// A variable that sets nothing.
    pub(crate) fn unknown_variable(name: &str) -> Self {
        let all = SECTIONS.iter().flat_map(|section| section.keys.iter().map(|key| section.variable(key)));
        let near = all.filter(|known| is_near(known, name)).collect::<Vec<_>>();
        let hint = if near.is_empty() {
            "a section's key takes two underscores, as in CETAR_LOG__LEVEL".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        Self(format!("the environment variable {name} sets no known key; {hint}"))
    }

    /// A key that no section has.
    pub(crate) fn unknown_key(path: &str, section: &Section, origin: Option<&Metadata>) -> Self {
        let known = section.keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
        let known = if section.name.is_empty() {
            let sections = SECTIONS.iter().map(|section| section.name).filter(|name| !name.is_empty());
            format!("known keys: {known}; sections: {}", sections.collect::<Vec<_>>().join(", "))
        } else {
            format!("known keys of [{}]: {known}", section.name)
        };
        Self(format!("unknown key `{path}`{}; {known}", from(origin, path)))
    }

    /// A section's name with a plain value.
    pub(crate) fn not_a_section(section: &Section, origin: Option<&Metadata>) -> Self {
        Self(format!("`{}` must be a section with keys{}", section.name, from(origin, section.name)))
    }

    /// A value of the wrong form.
    pub(crate) fn bad_value(error: &figment::Error) -> Self {
        let path = error.path.join(".");
        let Some((path, key)) = key_at(&error.path) else {
            // The file itself does not read as TOML: its parser says where.
            let place = match error.metadata.as_ref().and_then(|origin| origin.source.as_ref()) {
                Some(Source::File(file)) => format!("{}: ", file.display()),
                _ => String::new(),
            };
            let place = if path.is_empty() { place } else { format!("{place}`{path}`: ") };
            return Self(format!("{place}{}", error.kind.to_string().trim_end()));
        };
        let found = match &error.kind {
            Kind::InvalidType(actual, _) | Kind::InvalidValue(actual, _) => {
                format!(", not {}", shown(actual))
            }
            Kind::UnknownVariant(word, _) => format!(", not \"{word}\""),
            Kind::Message(message) => format!(" ({})", message.trim_end()),
            _ => String::new(),
        };
        Self(format!("`{path}` must be {}{found}{}", key.wanted, from(error.metadata.as_ref(), &path)))
    }
}

/// The key a path leads to, or into (an item of a list).
fn key_at(path: &[String]) -> Option<(String, &'static Key)> {
    let of = |section: &str, name: &str| {
        let section = SECTIONS.iter().find(|known| known.name == section)?;
        section.key(name).map(|key| (section.path(key), key))
    };
    match path {
        [first, second, ..] => of(first, second).or_else(|| of("", first)),
        [only] => of("", only),
        [] => None,
    }
}

/// A value as it was found. Strings in full: the keys that hold secrets take any text, so theirs are never wrong.
fn shown(actual: &Actual) -> String {
    match actual {
        Actual::Str(text) => format!("{text:?}"),
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Float(number) => number.to_string(),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a section".to_owned(),
        other => other.to_string(),
    }
}

/// Where a value came from, in words that follow it.
fn from(origin: Option<&Metadata>, path: &str) -> String {
    match origin {
        Some(origin) if origin.name == ENVIRONMENT => {
            format!(" (from the environment variable CETAR_{})", path.replace('.', "__").to_uppercase())
        }
        Some(origin) if origin.name == FLAGS => format!(" (from --{})", path.replace('_', "-")),
        Some(origin) => match &origin.source {
            Some(Source::File(file)) => format!(" (from {})", file.display()),
            _ => String::new(),
        },
        None => String::new(),
    }
}

/// Whether two variable names differ only by underscores or by two letters, as a slip does.
fn is_near(known: &str, given: &str) -> bool {
    let bare = |name: &str| name.replace('_', "");
    let (known, given) = (bare(known), bare(given));
    known == given || (known.len().abs_diff(given.len()) <= 2 && edits(&known, &given) <= 2)
}

/// How many letters must be changed, added or removed.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
