//! The long kill test: `make chaos`. See `docs/operations/reliability.md`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use cetar_e2e::chaos::{self, Network, Options, Storage};
use clap::{Parser, ValueEnum};

/// Kill the server while it works, and check that nothing is lost, nothing arrives twice and every chat stays in order.
#[derive(Debug, Parser)]
#[command(name = "chaos")]
struct Arguments {
    /// What is left to chance follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// SIGKILLs, at least, in each run
    #[arg(long, default_value_t = 100)]
    kills: usize,
    /// Sends, at least, in each run
    #[arg(long, default_value_t = 5000)]
    sends: usize,
    /// On this database only [default: one run on each]
    #[arg(long, value_enum)]
    database: Option<Database>,
    /// Over this network only [default: one run over each]
    #[arg(long, value_enum)]
    network: Option<Over>,
    /// Servers that share the database; 2 needs PostgreSQL
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    nodes: u8,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Over {
    Sandbox,
    Simulator,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let storages = match arguments.database {
        Some(Database::Sqlite) => vec![Storage::Sqlite],
        Some(Database::Postgres) => vec![Storage::Postgres],
        None => vec![Storage::Sqlite, Storage::Postgres],
    };
    let networks = match arguments.network {
        Some(Over::Sandbox) => vec![Network::Sandbox],
        Some(Over::Simulator) => vec![Network::Simulator],
        None => vec![Network::Sandbox, Network::Simulator],
    };
    let mut code = ExitCode::SUCCESS;
    for storage in storages {
        if storage == Storage::Sqlite && arguments.nodes > 1 {
            say("several nodes share a PostgreSQL, not a SQLite file");
            code = ExitCode::FAILURE;
            continue;
        }
        for network in &networks {
            let Arguments { seed, kills, sends, nodes, .. } = arguments;
            let options = Options { seed, kills, sends, storage, network: *network, nodes: nodes.into() };
            match chaos::run(&options).await {
                Ok(report) => say(&report.to_string()),
                Err(failure) => {
                    say(&failure.to_string());
                    code = ExitCode::FAILURE;
                }
            }
        }
    }
    code
}

fn say(text: &str) {
    // Where nobody reads any more, the exit code tells.
    let _nobody = writeln!(io::stdout(), "{text}");
}
