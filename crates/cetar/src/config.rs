//! Configuration: flags over `CETAR_…` environment over `cetar.toml` over defaults.
//!
//! One file a section under `config/`; each states its keys once, and from that statement come the reading, the check for
//! unknown keys and `docs/reference/configuration.md`.

mod egress;
mod env;
mod error;
mod form;
mod general;
mod limits;
mod log;
mod media;
mod meta;
mod metrics;
mod proxy;
pub(crate) mod reference;
mod retention;
mod section;
mod telegram;
mod tls;
mod whatsapp_web;

use std::path::{Path, PathBuf};

pub(crate) use env::MASTER_KEY;
pub(crate) use error::ConfigError;
use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format as _, Toml},
    value::{Dict, Map, Value},
};
pub(crate) use form::{Secret, Span};
pub(crate) use log::{Log, LogFormat};
pub(crate) use section::{Key, Section};

use self::error::Problem;

/// The file that is read when it is there and no other is named.
pub(crate) const DEFAULT_FILE: &str = "cetar.toml";

/// Everything that can be set.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Keys without a section.
    pub general: general::General,
    /// `[log]`
    pub log: log::Log,
    /// `[tls]`
    pub tls: tls::Tls,
    /// `[proxy]`
    pub proxy: proxy::Proxy,
    /// `[egress]`
    pub egress: egress::Egress,
    /// `[limits]`
    pub limits: limits::Limits,
    /// `[metrics]`
    pub metrics: metrics::Metrics,
    /// `[whatsapp_web]`
    pub whatsapp_web: whatsapp_web::WhatsappWeb,
    /// `[meta]`
    pub meta: meta::Meta,
    /// `[telegram]`
    pub telegram: telegram::Telegram,
    /// `[media]`
    pub media: media::Media,
    /// `[retention]`
    pub retention: retention::Retention,
}

/// The sections, in the order they are documented. The first has no name: its keys stand alone.
pub(crate) const SECTIONS: &[Section] = &[
    general::General::SECTION,
    log::Log::SECTION,
    tls::Tls::SECTION,
    proxy::Proxy::SECTION,
    egress::Egress::SECTION,
    limits::Limits::SECTION,
    metrics::Metrics::SECTION,
    whatsapp_web::WhatsappWeb::SECTION,
    meta::Meta::SECTION,
    telegram::Telegram::SECTION,
    media::Media::SECTION,
    retention::Retention::SECTION,
];

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--data-dir`
    pub data_dir: Option<String>,
    /// `--database-url`
    pub database_url: Option<Secret>,
}

/// The environment, as given to the process.
pub(crate) type Environment = std::collections::BTreeMap<String, String>;

impl Config {
    /// Reads all sources; what is wrong is told all at once. `folder` is where `cetar.toml` is looked for.
    pub(crate) fn load(flags: &Flags, environment: &Environment, folder: &Path) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut figment = Figment::from(EmptySections);
        match file(flags, environment, folder) {
            Ok(Some(path)) => figment = figment.merge(Toml::file_exact(path)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
        match env::read(environment) {
            Ok(variables) => figment = figment.merge(variables),
            Err(unknown) => problems.extend(unknown),
        }
        let figment = figment.merge(FlagValues(flags));
        problems.extend(unknown_keys(&figment)?);
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        Self::extract(&figment)
    }

    fn extract(figment: &Figment) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let config = Self {
            general: section(figment, &general::General::SECTION, &mut problems),
            log: section(figment, &log::Log::SECTION, &mut problems),
            tls: section(figment, &tls::Tls::SECTION, &mut problems),
            proxy: section(figment, &proxy::Proxy::SECTION, &mut problems),
            egress: section(figment, &egress::Egress::SECTION, &mut problems),
            limits: section(figment, &limits::Limits::SECTION, &mut problems),
            metrics: section(figment, &metrics::Metrics::SECTION, &mut problems),
            whatsapp_web: section(figment, &whatsapp_web::WhatsappWeb::SECTION, &mut problems),
            meta: section(figment, &meta::Meta::SECTION, &mut problems),
            telegram: section(figment, &telegram::Telegram::SECTION, &mut problems),
            media: section(figment, &media::Media::SECTION, &mut problems),
            retention: section(figment, &retention::Retention::SECTION, &mut problems),
        };
        problems.extend(config.broken_rules());
        if problems.is_empty() { Ok(config) } else { Err(ConfigError(problems)) }
    }

    /// What is wrong although every value reads well.
    fn broken_rules(&self) -> Vec<Problem> {
        let is_web = |url: &url::Url| matches!(url.scheme(), "http" | "https");
        let rules = [
            (self.limits.requests_per_minute == 0, "`limits.requests_per_minute` must be 1 or more"),
            (self.limits.connections == 0, "`limits.connections` must be 1 or more"),
            (self.limits.body_bytes < 1024, "`limits.body_bytes` must be 1024 or more"),
            (
                self.tls.cert.is_some() != self.tls.key.is_some(),
                "one of `tls.cert` and `tls.key` is set without the other; set both, or none",
            ),
            (
                self.general.public_url.as_ref().is_some_and(|url| !is_web(url)),
                "`public_url` must begin with https:// or http://",
            ),
        ];
        let broken = rules.iter().filter(|(broken, _)| *broken).map(|(_, rule)| Problem::rule(*rule));
        broken.chain(self.log.broken_rule()).collect()
    }

    /// Where the database is: as set, else a file in the data directory.
    pub(crate) fn database_url(&self) -> Secret {
        self.general
            .database_url
            .clone()
            .unwrap_or_else(|| Secret::from(format!("sqlite:{}", self.default_database().display())))
    }

    /// The database file that is used when no URL is set.
    pub(crate) fn default_database(&self) -> PathBuf {
        self.general.data_dir.join("cetar.db")
    }
}

/// One section's values. On an error its defaults stand in, so that the other sections are checked too.
fn section<T>(figment: &Figment, section: &Section, problems: &mut Vec<Problem>) -> T
where
    T: serde::de::DeserializeOwned + Default,
{
    let read =
        if section.name.is_empty() { figment.extract() } else { figment.focus(section.name).extract() };
    read.unwrap_or_else(|error: figment::Error| {
        problems.extend(error.into_iter().map(|mut error| {
            if !section.name.is_empty() {
                error.path.insert(0, section.name.to_owned());
            }
            Problem::bad_value(&error)
        }));
        T::default()
    })
}

/// The file to read: the one named (which must be there), else `cetar.toml` if there is one.
fn file(flags: &Flags, environment: &Environment, folder: &Path) -> Result<Option<PathBuf>, Problem> {
    let named = flags.config.clone().or_else(|| environment.get(env::CONFIG_FILE).map(PathBuf::from));
    match named {
        Some(path) if path.is_file() => Ok(Some(path)),
        Some(path) => Err(Problem::no_file(&path)),
        None => Ok(Some(folder.join(DEFAULT_FILE)).filter(|path| path.is_file())),
    }
}

/// Keys that no section has.
fn unknown_keys(figment: &Figment) -> Result<Vec<Problem>, ConfigError> {
    let all: Dict = figment
        .extract()
        .map_err(|error| ConfigError(error.into_iter().map(|error| Problem::bad_value(&error)).collect()))?;
    let general = &general::General::SECTION;
    let mut problems = Vec::new();
    for (name, value) in &all {
        if general.key(name).is_some() {
            continue;
        }
        let origin = figment.find_metadata(name);
        match (SECTIONS.iter().find(|section| !section.name.is_empty() && section.name == name), value) {
            (Some(section), Value::Dict(_, keys)) => {
                for key in keys.keys().filter(|key| section.key(key).is_none()) {
                    let path = format!("{name}.{key}");
                    let origin = figment.find_metadata(&path);
                    problems.push(Problem::unknown_key(&path, section, origin));
                }
            }
            (Some(section), _) => problems.push(Problem::not_a_section(section, origin)),
            (None, _) => problems.push(Problem::unknown_key(name, general, origin)),
        }
    }
    Ok(problems)
}

/// Makes every section exist, so that one nobody set is read as its defaults.
struct EmptySections;

impl Provider for EmptySections {
    fn metadata(&self) -> Metadata {
        Metadata::named("defaults")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let named = SECTIONS.iter().filter(|section| !section.name.is_empty());
        let sections: Dict =
            named.map(|section| (section.name.to_owned(), Value::from(Dict::new()))).collect();
        Ok(Profile::Default.collect(sections))
    }
}

/// Flags of the command line as a source.
struct FlagValues<'a>(&'a Flags);

impl Provider for FlagValues<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(error::FLAGS)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let url = self.0.database_url.as_ref().map(|url| url.expose().to_owned());
        let given =
            [("listen", self.0.listen.clone()), ("data_dir", self.0.data_dir.clone()), ("database_url", url)];
        let values: Dict = given
            .into_iter()
            .filter_map(|(key, value)| value.map(|value| (key.to_owned(), Value::from(value))))
            .collect();
        Ok(Profile::Default.collect(values))
    }
}

#[cfg(test)]
mod tests;
