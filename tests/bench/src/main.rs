//! `make bench`: how fast the product is, measured from outside.
//!
//! The shipped binary is driven over HTTP on loopback, in rounds that alternate with what is bare of it: an HTTP handler that
//! only parses and answers the same JSON, and whatsapp-rust with nothing around it. A machine is never quite idle, and two
//! rounds a second apart share its moods: so the ratio between them says more than either figure.
//!
//! WhatsApp is the simulator, which truly decrypts what it is sent; it needs the build that talks to a stand-in.

mod bare_client;
mod bare_http;
mod gateway;
mod linked;
mod load;
mod oha;
mod process;
mod receiver;
mod report;
mod scenarios;
mod wire;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::report::Report;

/// How fast the product is.
#[derive(Parser)]
#[command(max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// The bare HTTP handler; started by the measurement itself
    #[command(hide = true)]
    BareHttp,
}

/// What to measure, and with what.
#[derive(Args, Clone)]
pub(crate) struct Settings {
    /// Measure only these; can be given several times [default: all]
    #[arg(long, value_name = "NAME", value_parser = scenarios::NAMES)]
    only: Vec<String>,
    /// Shorter rounds and smaller stores: a look, not a verdict
    #[arg(long)]
    quick: bool,
    /// The binary that is shipped, for everything that needs no WhatsApp
    #[arg(long, value_name = "FILE", default_value = "target/release/cetar")]
    shipped: PathBuf,
    /// The binary that talks to a stand-in, for everything that does
    #[arg(long, value_name = "FILE", default_value = "target/bench/measured/cetar")]
    simulated: PathBuf,
    /// The load tool that accepting is measured with besides our own
    #[arg(long, value_name = "FILE", default_value = "target/tools/bin/oha")]
    oha: PathBuf,
    /// whatsapp-rust alone
    #[arg(long, value_name = "FILE", default_value = "target/bench/measured/examples/bare_client")]
    bare_client: PathBuf,
    /// What fills a store
    #[arg(long, value_name = "FILE", default_value = "target/bench/measured/examples/fill")]
    fill: PathBuf,
    /// The store alone, without HTTP
    #[arg(long, value_name = "FILE", default_value = "target/bench/measured/examples/accept")]
    store_alone: PathBuf,
    /// A PostgreSQL that syncs, whose database is ours to use; `scripts/postgres` starts one
    #[arg(long, value_name = "URL", env = "CETAR_TEST_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
    /// Messages in the fullest store (8 GB of disk at 5,000,000, in the temporary folder, removed at the end)
    #[arg(long, value_name = "N", default_value_t = 5_000_000)]
    fullest: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { command, settings } = Cli::parse();
    match command {
        Some(Command::BareHttp) => bare_http::serve().await,
        None => measure(&settings).await,
    }
}

async fn measure(settings: &Settings) -> anyhow::Result<()> {
    let mut report = Report::begin();
    for name in scenarios::NAMES {
        if settings.only.is_empty() || settings.only.iter().any(|only| only == name) {
            report.scenario(name);
            scenarios::run(name, settings, &mut report)
                .await
                .with_context(|| format!("{name} could not be measured"))?;
        }
    }
    report.table();
    Ok(())
}
