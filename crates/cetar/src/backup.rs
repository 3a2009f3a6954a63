//! `cetar backup`

use std::path::Path;

use anyhow::Context as _;
use axum::http::Method;
use serde_json::json;

use crate::{
    api::Api,
    config::{Config, Environment},
    local,
    output::remark,
};

/// Writes a copy of the database: by the running server, else by this process.
pub(crate) async fn run(config: &Config, environment: &Environment, file: &Path) -> anyhow::Result<()> {
    // The server has a working directory of its own.
    let file = std::path::absolute(file).context("the file's path")?;
    let folder = file.parent().filter(|folder| folder.is_dir());
    if folder.is_none() {
        anyhow::bail!("there is no folder for {}; make it, or name another file", file.display());
    }
    let api = Api::open(config, environment, None).await?;
    let answer = api.call(Method::POST, local::BACKUP, Some(json!({ "file": file }))).await;
    api.close().await;
    answer?;
    let size = std::fs::metadata(&file).map_or(0, |found| found.len());
    remark(&format!(
        "{} is written ({} KiB), readable by its owner only.",
        file.display(),
        size.div_ceil(1024)
    ));
    remark(
        "The master key is NOT in it: keep a copy of master.key in another place. Without that key the backup cannot be used; \
         with both, every secret can be read.",
    );
    Ok(())
}
