//! The kinds of values a key may have.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use figment::value::Value;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};
use url::Url;

/// How the text of an environment variable becomes a value. Guessing by the text (as TOML would) reads a version `21.0` as a
/// number, so the key says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it stands.
    Text,
    /// A whole number.
    Number,
    /// Items separated by commas, or as in the file: `["a", "b"]`.
    List,
}

impl Form {
    /// The value of this text. What does not fit stays text, so that the error can show it.
    pub(crate) fn read(self, text: &str) -> Value {
        match self {
            Self::Text => Value::from(text),
            Self::Number => text.trim().parse::<u64>().map_or_else(|_| Value::from(text), Value::from),
            Self::List => {
                let bare = text.trim();
                let inner = bare.strip_prefix('[').and_then(|open| open.strip_suffix(']')).unwrap_or(bare);
                let items = inner.split(',').map(|item| item.trim().trim_matches(['"', '\'']));
                let items = items.filter(|item| !item.is_empty());
                Value::from(items.map(Value::from).collect::<Vec<_>>())
            }
        }
    }
}

/// A type a key can have.
pub(crate) trait Setting {
    /// How it is read from the environment.
    const FORM: Form;
    /// As it would be written in `cetar.toml`; `None` if it is not set.
    fn shown(&self) -> Option<String>;
}

macro_rules! settings {
    ($($type:ty => $form:ident, $show:expr;)*) => {$(
        impl Setting for $type {
            const FORM: Form = Form::$form;
            fn shown(&self) -> Option<String> {
                let show: fn(&Self) -> String = $show;
                Some(show(self))
            }
        }
    )*};
}

settings! {
    String => Text, |text: &String| format!("{text:?}");
    SocketAddr => Text, |address: &SocketAddr| format!("\"{address}\"");
    PathBuf => Text, |path: &PathBuf| format!("{:?}", path.display().to_string());
    Url => Text, |url: &Url| format!("\"{url}\"");
    WebsocketUrl => Text, |url: &WebsocketUrl| format!("\"{}\"", url.0);
    Secret => Text, |_: &Secret| "\"…\"".to_owned();
    Span => Text, |span: &Span| format!("\"{span}\"");
    u32 => Number, u32::to_string;
    u64 => Number, u64::to_string;
    usize => Number, usize::to_string;
    Vec<IpNet> => List, |nets: &Vec<IpNet>| format!("{:?}", nets.iter().map(ToString::to_string).collect::<Vec<_>>());
    Vec<String> => List, |items: &Vec<String>| format!("{items:?}");
}

impl<T: Setting> Setting for Option<T> {
    const FORM: Form = T::FORM;
    fn shown(&self) -> Option<String> {
        self.as_ref().and_then(Setting::shown)
    }
}

/// A value that is never printed.
#[derive(Clone)]
pub(crate) struct Secret(SecretString);

impl Secret {
    /// The value itself.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// A URL that a websocket can be opened to: `ws` or `wss`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebsocketUrl(pub Url);

impl<'de> Deserialize<'de> for WebsocketUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let url = Url::deserialize(deserializer)?;
        let fits = matches!(url.scheme(), "ws" | "wss") && url.has_host();
        let found = de::Unexpected::Str(url.as_str());
        if fits { Ok(Self(url)) } else { Err(de::Error::invalid_value(found, &"a websocket URL")) }
    }
}

/// A length of time as a person writes it: `45s`, `90m`, `12h`, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub Duration);

/// Seconds of each unit, the largest first.
const UNITS: &[(char, u64)] = &[('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time: write a whole number and a unit, as in 45s, 90m, 12h or 30d")]
pub(crate) struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError(text.to_owned());
        let text = text.trim();
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let (_, seconds) = UNITS.iter().find(|(letter, _)| *letter == unit).ok_or_else(wrong)?;
        let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
        let total = number.checked_mul(*seconds).filter(|total| *total > 0).ok_or_else(wrong)?;
        // A hundred years: longer is a slip, and would overflow a moment in microseconds sooner or later.
        if total > 36_500 * 86_400 { Err(wrong()) } else { Ok(Self(Duration::from_secs(total))) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let fits = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
        let (letter, unit) = fits.copied().unwrap_or(('s', 1));
        write!(f, "{}{letter}", seconds / unit)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_number_and_a_unit() {
        for (text, seconds) in [("45s", 45), ("90m", 5_400), ("12h", 43_200), ("30d", 2_592_000)] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.0.as_secs(), seconds);
            assert_eq!(span.to_string(), text);
        }
        for wrong in ["", "30", "d", "-1d", "1.5h", "30 d", "0s", "5w", "99999999999d", "400000d", "3é"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::from("postgres://cetar:hunter2@db/cetar".to_owned());
        assert_eq!(format!("{secret:?}"), "…");
    }
}
