//! `cetar restore`: a backup becomes the database, whole and checked, or nothing is changed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use cetar_model::IdSource;
use cetar_store::{OpenError, Options, Store};

use crate::{
    config::{Config, Environment},
    data_dir::{DataDir, Role, sync_folder_of},
    gateway, master_key,
    output::remark,
};

/// What every SQLite file begins with.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// Brings `file` back.
pub(crate) async fn run(config: &Config, environment: &Environment, file: &Path) -> anyhow::Result<()> {
    let url = config.database_url();
    let Some(target) = gateway::sqlite_file(url.expose()) else {
        bail!(
            "PostgreSQL is restored with its own tools: make an empty database, then \
             `pg_restore --dbname=… cetar.dump`, and start the server with the same master.key"
        );
    };
    check_source(file)?;
    let data = DataDir::create(&config.general.data_dir)?;
    let _lock = data.lock(Role::Command).await?;
    for there in [target.clone(), beside(&target, "-wal"), beside(&target, "-shm")] {
        if there.exists() {
            bail!(
                "{} is there already, and a restore does not overwrite; move it away first (with -wal and -shm, if they are there)",
                there.display()
            );
        }
    }
    let trial = Trial::copy(file, &target)?;
    check(&trial.0, &data, environment).await?;
    trial.keep(&target)?;
    remark(&format!("{} is restored from {}.", target.display(), file.display()));
    remark(
        "At the next start, messages that still waited when the backup was made are sent, even if they have been sent since. \
         A WhatsApp device that was used since the backup may have to be linked again.",
    );
    Ok(())
}

fn check_source(file: &Path) -> anyhow::Result<()> {
    let mut opened = File::open(file).with_context(|| {
        format!("{} cannot be read; name a file that `cetar backup` wrote", file.display())
    })?;
    let mut head = [0; SQLITE.len()];
    match opened.read_exact(&mut head) {
        Ok(()) if head == *SQLITE => Ok(()),
        Ok(()) => bail!("{} is not a backup that `cetar backup` wrote", file.display()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            bail!("{} is not a backup that `cetar backup` wrote", file.display())
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
    }
}

/// Opens the copy as the server would: schema, master key, every page; and it must be one of ours.
async fn check(copy: &Path, data: &DataDir, environment: &Environment) -> anyhow::Result<()> {
    let path = copy.to_str().context("the data directory's path is not valid UTF-8")?;
    let ids = Arc::new(IdSource::new(gateway::random));
    let options = || -> anyhow::Result<Options> {
        let sealer = master_key::load(data, environment, false)?.sealer;
        Ok(Options { url: format!("sqlite:{path}"), sealer, ids: Arc::clone(&ids) })
    };
    let found = cetar_store::inspect(options()?).await.map_err(refusal)?;
    if found.schema == 0 {
        bail!("the file is a SQLite database, and none of cetar's; nothing was changed");
    }
    // Brings an older backup up to date now, while nothing depends on it.
    let store = Store::open(options()?).await.map_err(refusal)?;
    store.close().await;
    Ok(())
}

fn refusal(error: OpenError) -> anyhow::Error {
    match error {
        OpenError::WrongMasterKey => anyhow::anyhow!(
            "another master key sealed this backup: put the master.key that belongs to it into the data directory \
             (or into {}); nothing was changed",
            master_key::VARIABLE
        ),
        OpenError::Damaged(damage) => {
            anyhow::anyhow!("the backup is damaged ({damage}); nothing was changed; try an older one")
        }
        other => other.into(),
    }
}

/// A copy beside the place it is for; removed again unless it is kept.
struct Trial(PathBuf);

impl Trial {
    fn copy(from: &Path, target: &Path) -> anyhow::Result<Self> {
        let path = beside(target, ".restoring");
        let trial = Self(path.clone());
        trial.remove();
        let told = || format!("{} cannot be written; is there space for it?", path.display());
        let mut source = File::open(from).with_context(|| format!("{} cannot be read", from.display()))?;
        let mut copy =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).with_context(told)?;
        io::copy(&mut source, &mut copy).with_context(told)?;
        copy.sync_all().with_context(told)?;
        Ok(trial)
    }

    /// Gives it its name: from one moment to the next, and for good.
    fn keep(self, target: &Path) -> anyhow::Result<()> {
        let told = || format!("{} cannot be written", target.display());
        File::open(&self.0).and_then(|file| file.sync_all()).with_context(told)?;
        fs::rename(&self.0, target).with_context(told)?;
        sync_folder_of(target).with_context(told)
    }

    fn remove(&self) {
        for path in [self.0.clone(), beside(&self.0, "-wal"), beside(&self.0, "-shm")] {
            // Most of them are not there.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.remove();
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
