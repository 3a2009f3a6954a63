//! `CETAR_…` variables as a source.

use figment::{
    Metadata, Profile, Provider,
    value::{Dict, Map, Value},
};

use super::{Environment, SECTIONS, error::Problem};

/// What every variable of ours begins with.
pub(crate) const PREFIX: &str = "CETAR_";
/// Names the configuration file.
pub(crate) const CONFIG_FILE: &str = "CETAR_CONFIG";
/// Holds the master key, in place of the file.
pub(crate) const MASTER_KEY: &str = "CETAR_MASTER_KEY";
/// Variables with this prefix belong to the tests.
const TEST_PREFIX: &str = "CETAR_TEST_";

/// The values found in the environment.
pub(crate) struct Variables(Dict);

/// Reads all variables of ours; those that name no key are problems.
pub(crate) fn read(environment: &Environment) -> Result<Variables, Vec<Problem>> {
    let mut values = Dict::new();
    let mut problems = Vec::new();
    let ours = environment.iter().filter(|(name, _)| {
        name.starts_with(PREFIX)
            && !name.starts_with(TEST_PREFIX)
            && name.as_str() != CONFIG_FILE
            && name.as_str() != MASTER_KEY
    });
    for (name, text) in ours {
        let key = SECTIONS.iter().find_map(|section| {
            let key = section.keys.iter().find(|key| section.variable(key) == *name)?;
            Some((section, key))
        });
        let Some((section, key)) = key else {
            problems.push(Problem::unknown_variable(name));
            continue;
        };
        let value = key.form.read(text);
        if section.name.is_empty() {
            values.insert(key.name.to_owned(), value);
        } else {
            let table = values.entry(section.name.to_owned()).or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, table) = table {
                table.insert(key.name.to_owned(), value);
            }
        }
    }
    if problems.is_empty() { Ok(Variables(values)) } else { Err(problems) }
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named(super::error::ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}
