//! `[log]`

use serde::Deserialize;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::{
    error::Problem,
    form::{Form, Setting},
    section::section,
};

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For a person.
    Text,
    /// One JSON object a line, for a collector.
    Json,
}

impl Setting for LogFormat {
    const FORM: Form = Form::Text;
    fn shown(&self) -> Option<String> {
        Some(match self {
            Self::Text => "\"text\"".to_owned(),
            Self::Json => "\"json\"".to_owned(),
        })
    }
}

section! {
    /// Log lines, which go to standard error. None carries content, secrets or whole phone numbers.
    pub(crate) struct Log in "log" {
        /// `text` for a person, `json` for a collector.
        format: LogFormat = LogFormat::Text, "\"text\" or \"json\"";
        /// How much is told: `error`, `warn`, `info`, `debug` or `trace`; or by part, as in `info,cetar_engine=debug`.
        level: String = "info".to_owned(), "a level such as \"info\", or levels by part such as \"info,cetar_engine=debug\"";
    }
}

impl Log {
    /// The levels as a filter.
    pub(crate) fn filter(&self) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
        EnvFilter::try_new(&self.level)
    }

    pub(super) fn broken_rule(&self) -> Option<Problem> {
        let level = &self.level;
        // A filter takes a bare word for the name of a part, and would then show that part alone.
        let names_a_level = |part: &str| {
            part.rsplit('=').next().is_some_and(|word| word.trim().parse::<LevelFilter>().is_ok())
        };
        if self.filter().is_ok() && level.split(',').all(names_a_level) {
            return None;
        }
        Some(Problem::rule(format!(
            "`log.level` must be a level such as \"info\", or levels by part such as \"info,cetar_engine=debug\", not {level:?}"
        )))
    }
}
