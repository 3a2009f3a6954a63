//! What can be seen from this machine alone.

use std::{fs, os::unix::fs::MetadataExt as _, sync::Arc, time::Duration};

use cetar_model::{Clock as _, IdSource, Timestamp};
use cetar_provider::SystemClock;

use super::Finding;
use crate::{
    api::Api,
    config::{Config, Environment},
    data_dir::DataDir,
    disk::{self, MEBIBYTE},
    gateway, master_key, serve,
};

/// Below this the database will soon refuse to write.
const TOO_LITTLE: u128 = 100 * MEBIBYTE;
/// Below this someone should look.
const LITTLE: u128 = 1024 * MEBIBYTE;
/// 2026-01-01: a clock before this version was written is wrong.
const WRITTEN: Timestamp = Timestamp::from_secs(1_767_225_600);
/// 2100-01-01.
const FAR: Timestamp = Timestamp::from_secs(4_102_444_800);
/// What was written later than this from now was written by a clock that ran ahead, or runs behind now.
const SKEW: Duration = Duration::from_mins(5);

/// All of them, in the order in which they lean on each other.
pub(super) async fn all(config: &Config, environment: &Environment) -> Vec<Finding> {
    let mut findings = vec![configuration(config), tls(config), address(config)];
    let Ok(data) = DataDir::existing(&config.general.data_dir) else {
        let path = config.general.data_dir.display();
        let message = format!("there is none at {path}");
        let action = "nothing, if `cetar serve` was never started here: it makes one; else name the right one with --data-dir";
        findings.push(Finding::warn("data directory", message, action));
        findings.extend([clock(None), port(config).await]);
        return findings;
    };
    let running = data.holder().is_some_and(|holder| holder.is_server);
    findings.push(data_directory(&data));
    findings.push(disk_space(&data));
    findings.push(key(&data, environment));
    findings.push(database(config, environment, &data).await);
    findings.push(clock(gateway::sqlite_file(config.database_url().expose()).as_deref()));
    if running {
        findings.push(server(config, environment).await);
    } else {
        findings.push(Finding::ok("server", "not running"));
        findings.push(port(config).await);
    }
    findings
}

/// The running server's own word. None that runs is a failure here.
pub(super) async fn ready(config: &Config, environment: &Environment) -> Finding {
    match DataDir::existing(&config.general.data_dir) {
        Ok(data) if data.holder().is_some_and(|holder| holder.is_server) => server(config, environment).await,
        Ok(_) => Finding::failed("server", "not running", "start it: cetar serve"),
        Err(error) => Finding::fail("server", &error),
    }
}

fn configuration(config: &Config) -> Finding {
    match serve::check_exposure(config) {
        Ok(()) => Finding::ok("configuration", "every key is known and every value reads well"),
        Err(error) => Finding::fail("configuration", &error),
    }
}

fn tls(config: &Config) -> Finding {
    match serve::check_tls(config) {
        Ok(true) => Finding::ok("tls", "certificate and key read well and belong together"),
        Ok(false) => Finding::ok("tls", "not used: plain http on this machine, or behind a proxy"),
        Err(error) => Finding::fail("tls", &error),
    }
}

fn address(config: &Config) -> Finding {
    match (serve::check_address(config), &config.general.public_url) {
        (Ok(()), Some(url)) => Finding::ok("address", format!("others reach this server by {url}")),
        (Ok(()), None) => {
            let listen = config.general.listen;
            Finding::ok("address", format!("media are fetched from {listen}; others need `public_url`"))
        }
        (Err(why), _) => Finding::fail("address", &anyhow::anyhow!(why)),
    }
}

fn data_directory(data: &DataDir) -> Finding {
    let path = data.path().display();
    match data.open_to_others() {
        Ok(None) => Finding::ok("data directory", format!("{path}, for its owner alone")),
        Ok(Some(mode)) => {
            let word = master_key::shell_word(data.path());
            Finding::warn(
                "data directory",
                format!("others can look into {path} (mode {mode:04o})"),
                format!("chmod 700 {word}"),
            )
        }
        Err(error) => Finding::failed(
            "data directory",
            format!("{path} cannot be looked at: {error}"),
            "correct its permissions or name another with --data-dir",
        ),
    }
}

fn disk_space(data: &DataDir) -> Finding {
    let path = data.path().display();
    match disk::free(data.path()) {
        Ok(free) => {
            let message = format!("{} MiB free at {path}", free / MEBIBYTE);
            if free < TOO_LITTLE {
                Finding::failed("disk", message, "free some space now: without it nothing can be accepted")
            } else if free < LITTLE {
                Finding::warn("disk", message, "free some space soon")
            } else {
                Finding::ok("disk", message)
            }
        }
        Err(error) => Finding::warn(
            "disk",
            format!("the free space at {path} cannot be told: {error}"),
            "look at it with df",
        ),
    }
}

fn key(data: &DataDir, environment: &Environment) -> Finding {
    match master_key::load(data, environment, false) {
        Ok(_) if environment.contains_key(master_key::VARIABLE) => {
            Finding::ok("master key", format!("from {}", master_key::VARIABLE))
        }
        Ok(_) => Finding::ok("master key", "for its owner alone; keep a copy apart from the backups"),
        Err(error) => Finding::fail("master key", &error),
    }
}

async fn database(config: &Config, environment: &Environment, data: &DataDir) -> Finding {
    let Ok(keys) = master_key::load(data, environment, false) else {
        return Finding::warn("database", "not looked at: that takes the master key", "see master key");
    };
    let url = config.database_url();
    if let Some(file) = gateway::sqlite_file(url.expose())
        && !file.exists()
    {
        let message = format!("there is none at {}", file.display());
        return Finding::warn("database", message, "nothing, if the server was never started: it makes one");
    }
    let ids = Arc::new(IdSource::new(gateway::random));
    let options = cetar_store::Options { url: url.expose().to_owned(), sealer: keys.sealer, ids };
    match cetar_store::inspect(options).await {
        Ok(found) if found.schema < found.known => Finding::warn(
            "database",
            format!("{}, schema {} of {}", found.engine, found.schema, found.known),
            "nothing: the next start brings it up to date (or cetar migrate does)",
        ),
        Ok(found) => {
            Finding::ok("database", format!("{}, schema {}, no damage found", found.engine, found.schema))
        }
        Err(error) => Finding::fail("database", &error.into()),
    }
}

fn clock(database: Option<&std::path::Path>) -> Finding {
    let now = SystemClock.now();
    let action =
        "set it right and keep it so (systemd-timesyncd, chrony): links, keys and webhooks depend on it";
    if now < WRITTEN || now > FAR {
        return Finding::failed("clock", "the system's clock is years off", action);
    }
    let written =
        database.and_then(|file| fs::metadata(file).ok()).map(|found| Timestamp::from_secs(found.mtime()));
    if written.is_some_and(|written| written > now + SKEW) {
        return Finding::warn("clock", "the database was last written in what is now the future", action);
    }
    Finding::ok("clock", "plausible")
}

async fn server(config: &Config, environment: &Environment) -> Finding {
    let asked = async {
        let api = Api::open(config, environment, None).await?;
        let answer = api.probe("/readyz").await;
        api.close().await;
        answer
    };
    match asked.await {
        Ok((true, _)) => Finding::ok("server", "running and ready"),
        Ok((false, body)) => Finding::failed(
            "server",
            format!("running and not ready: {body}"),
            "see its log; it recovers by itself when the cause is gone",
        ),
        Err(error) => Finding::fail("server", &error),
    }
}

async fn port(config: &Config) -> Finding {
    match serve::check_port(config.general.listen).await {
        Ok(()) => Finding::ok("port", format!("{} is free", config.general.listen)),
        Err(error) => Finding::fail("port", &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_written_in_the_future_means_a_wrong_clock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cetar.db");
        let file = std::fs::File::create(&path).unwrap();
        assert_eq!(clock(Some(&path)).verdict, super::super::Verdict::Ok);
        let ahead = std::time::UNIX_EPOCH + Duration::from_secs(FAR.as_secs().unsigned_abs());
        file.set_modified(ahead).unwrap();
        assert_eq!(clock(Some(&path)).verdict, super::super::Verdict::Warn);
    }
}
