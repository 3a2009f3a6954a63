//! The binary: configuration, command line, wiring, start and stop.
//!
//! `cli` is what can be typed, `config` what can be set; `serve` runs the server, `commands` ask the management API through
//! `api`, and `gateway` puts the parts together for both.

mod api;
mod backup;
mod bucket;
mod cli;
mod commands;
mod config;
mod dashboard;
mod data_dir;
mod disk;
mod doctor;
mod gateway;
mod local;
mod logging;
mod master_key;
mod metrics;
mod migrate;
mod output;
mod process;
mod qr;
mod restore;
mod serve;

use std::{path::Path, process::ExitCode};

use clap::Parser as _;

use crate::{
    cli::{Cli, Command, Device, Key, OfTenant, Place, Plan, Workspace},
    commands::Desk,
    config::{Config, Environment, Flags},
    serve::Program,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    process::without_foreign_backtraces();
    process::private_files();
    let environment = process::environment();
    let outcome = process::runtime().and_then(|runtime| {
        let outcome = runtime.block_on(run(cli.command, &environment));
        // What is still running has been told to stop and was waited for as long as was promised.
        runtime.shutdown_background();
        outcome
    });
    outcome.unwrap_or_else(|error| {
        output::remark(&format!("cetar: {error:#}"));
        ExitCode::FAILURE
    })
}

async fn run(command: Command, environment: &Environment) -> anyhow::Result<ExitCode> {
    match &command {
        Command::Openapi => {
            return output::tell(&cetar_server::openapi().to_pretty_json()?).map(|()| ExitCode::SUCCESS);
        }
        Command::ConfigurationReference => {
            return output::write(&config::reference::markdown()).map(|()| ExitCode::SUCCESS);
        }
        Command::Doctor(options) => return doctor::run(options, environment).await,
        _ => {}
    }
    let config = Config::load(&flags(&command), environment, Path::new("."))?;
    logging::start(&config, matches!(command, Command::Serve(_)))?;
    let desk = Desk { config: &config, environment };
    match command {
        Command::Serve(options) => {
            let program = Program { name: process::name(), place: options.place.again() };
            return serve::run(&config, environment, program).await;
        }
        Command::Device(device) => commands::device(&desk, device).await?,
        Command::Key(key) => commands::key(&desk, key).await?,
        Command::Webhook(webhook) => commands::webhook(&desk, webhook).await?,
        Command::User(user) => commands::user(&desk, user).await?,
        Command::Workspace(workspace) => commands::workspace(&desk, workspace).await?,
        Command::Plan(plan) => commands::plan(&desk, plan).await?,
        Command::Backup(options) => backup::run(&config, environment, &options.file).await?,
        Command::Restore(options) => restore::run(&config, environment, &options.file).await?,
        Command::Migrate(_) => migrate::run(&config, environment).await?,
        Command::Openapi | Command::ConfigurationReference | Command::Doctor(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// What the command line says about the configuration.
fn flags(command: &Command) -> Flags {
    let place = match command {
        Command::Serve(serve) => return Flags { listen: serve.listen.clone(), ..serve.place.flags() },
        Command::Device(device) => match device {
            Device::Add { tenant, .. }
            | Device::List(OfTenant { tenant, .. })
            | Device::Link { tenant, .. } => &tenant.place,
            Device::Change { device: one, .. }
            | Device::Pause(one)
            | Device::Resume(one)
            | Device::Restart(one)
            | Device::Logout(one)
            | Device::Remove(one) => &one.tenant.place,
        },
        Command::Key(
            Key::Create { tenant, .. } | Key::List(OfTenant { tenant, .. }) | Key::Revoke { tenant, .. },
        )
        | Command::Plan(Plan::Set { tenant }) => &tenant.place,
        Command::Webhook(webhook) => &webhook.tenant().place,
        Command::User(user) => &user.tenant().place,
        Command::Workspace(Workspace::Add { place, .. } | Workspace::List { place, .. }) => place,
        Command::Doctor(doctor) => &doctor.place,
        Command::Backup(backup) => &backup.place,
        Command::Restore(restore) => &restore.place,
        Command::Migrate(migrate) => &migrate.place,
        Command::Openapi | Command::ConfigurationReference => &Place::default(),
    };
    place.flags()
}
