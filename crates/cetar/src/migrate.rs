//! `cetar migrate`

use std::sync::Arc;

use cetar_model::IdSource;

use crate::{
    config::{Config, Environment},
    data_dir::{DataDir, Role},
    gateway::{self, Make},
    output::remark,
};

/// Brings the schema up to date. Opening the database does it; this opens it and closes it again.
pub(crate) async fn run(config: &Config, environment: &Environment) -> anyhow::Result<()> {
    let data = DataDir::create(&config.general.data_dir)?;
    let _lock = data.lock(Role::Command).await?;
    let ids = Arc::new(IdSource::new(gateway::random));
    let store = gateway::open_store(config, environment, &data, Make::Everything, &ids).await?;
    store.close().await;
    remark("The database's schema is up to date.");
    Ok(())
}
