//! The master key, which seals every secret in the database.
//!
//! One key a line; the first seals, all open, so that a key can be replaced.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use cetar_store::{MasterKey, Sealer};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    config::Environment,
    data_dir::{DataDir, write_new},
};

/// The environment variable that replaces the file.
pub(crate) const VARIABLE: &str = crate::config::MASTER_KEY;

/// The keys, and where they came from.
pub(crate) struct Keys {
    /// For the store.
    pub(crate) sealer: Sealer,
    /// The file that was made just now; to be removed again if it turns out that the database has another key.
    pub(crate) made: Option<PathBuf>,
}

/// Reads the keys. Only with `make` is a missing file made.
pub(crate) fn load(data: &DataDir, environment: &Environment, make: bool) -> anyhow::Result<Keys> {
    if let Some(text) = environment.get(VARIABLE).filter(|text| !text.trim().is_empty()) {
        let sealer = parse(&SecretString::from(text.as_str())).with_context(|| format!("in {VARIABLE}"))?;
        return Ok(Keys { sealer, made: None });
    }
    let path = data.master_key();
    match fs::metadata(&path) {
        Ok(found) => {
            let mode = found.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                bail!(
                    "{} can be read by others (mode {mode:04o}); whoever reads it can read every secret. \
                     Run: chmod 600 {}",
                    path.display(),
                    shell_word(&path)
                );
            }
            let text =
                fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let sealer =
                parse(&SecretString::from(text)).with_context(|| format!("in {}", path.display()))?;
            Ok(Keys { sealer, made: None })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && make => make_new(&path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "there is no master key: put the master.key that belongs to this database at {}, or set {VARIABLE}",
            path.display()
        ),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

fn make_new(path: &Path) -> anyhow::Result<Keys> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).context("the system gave no random bytes")?;
    let key = MasterKey::generate(random);
    let text = key.to_text();
    write_new(path, format!("{}\n", text.expose_secret()).as_bytes())
        .with_context(|| format!("{} cannot be written; is the disk full?", path.display()))?;
    Ok(Keys { sealer: Sealer::new(vec![key]), made: Some(path.to_owned()) })
}

fn parse(text: &SecretString) -> anyhow::Result<Sealer> {
    let words = text.expose_secret().split_whitespace();
    let keys: Result<Vec<MasterKey>, _> =
        words.map(|word| MasterKey::parse(&SecretString::from(word))).collect();
    let keys = keys?;
    if keys.is_empty() {
        bail!("the master key is not usable: it is empty");
    }
    Ok(Sealer::new(keys))
}

/// A path as it can be pasted into a shell.
pub(crate) fn shell_word(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
