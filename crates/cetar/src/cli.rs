//! The command line, as a person reads it in `cetar --help`.
#![expect(
    clippy::doc_markdown,
    reason = "these comments are read in a terminal, where backticks only disturb"
)]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, builder::PossibleValuesParser};

use crate::config::{Flags, Secret, Span};

mod user;
mod values;
mod webhook;

pub(crate) use user::User;
use values::{channels, network, pace_modes};
pub(crate) use webhook::{OneDelivery, OneWebhook, Webhook};

/// What `cetar --version` says. A build that talks to stand-ins must not pass for a real one.
pub(crate) const VERSION: &str = if cfg!(feature = "simulated") {
    concat!(env!("CARGO_PKG_VERSION"), " (simulated: WhatsApp's certificate is not checked; for tests only)")
} else {
    env!("CARGO_PKG_VERSION")
};

const EXAMPLES: &str = "\
First steps:
  cetar serve                                  start; the first time it prints what you need
  cetar device add --channel whatsapp --name Shop
                                               add a WhatsApp device; prints its id
  cetar device link dev_…                      link it: scan the QR with the phone
  cetar key create --name website              make an API key; prints it once
  cetar webhook add --url https://example.com/hook
                                               be told of messages; prints the secret once

The commands work whether the server is running or not, and a running server knows at once. They \
find it by the same --data-dir, --database-url, --config and CETAR_… variables as cetar serve.

cetar COMMAND --help says more about each command. docs/reference/configuration.md lists every \
setting.";

/// One HTTP API for WhatsApp, Telegram, Messenger and Instagram, on your own machine.
#[derive(Debug, Parser)]
#[command(name = "cetar", version = VERSION, after_help = EXAMPLES, max_term_width = 110, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server until it is told to stop (SIGTERM or Ctrl-C)
    Serve(Serve),
    /// Linked accounts: WhatsApp and others
    #[command(subcommand)]
    Device(Device),
    /// API keys
    #[command(subcommand)]
    Key(Key),
    /// Where events are sent to
    #[command(subcommand)]
    Webhook(Webhook),
    /// Dashboard accounts
    #[command(subcommand)]
    User(User),
    /// Tenants of this server
    #[command(subcommand)]
    Workspace(Workspace),
    /// What a tenant may do
    #[command(subcommand)]
    Plan(Plan),
    /// Check configuration, disk, database, clock and reachability, and say what to do
    Doctor(Doctor),
    /// Write a copy of the database while the server runs (SQLite)
    Backup(Backup),
    /// Bring a backup back into an empty data directory
    Restore(Restore),
    /// Bring the database's schema up to date without starting the server
    Migrate(Migrate),
    /// Print the API's OpenAPI document
    Openapi,
    /// Print docs/reference/configuration.md
    #[command(hide = true)]
    ConfigurationReference,
}

/// Where the server's data is.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Where the data is")]
pub(crate) struct Place {
    /// The folder that holds database, master key and socket [default: data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Another database than the one in the data directory: sqlite:PATH or postgres://…  A password is better kept in
    /// CETAR_DATABASE_URL or the configuration file, where `ps` does not show it
    #[arg(long, value_name = "URL", hide_default_value = true)]
    pub database_url: Option<Secret>,
    /// The configuration file [default: cetar.toml, if there is one here]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Place {
    /// As configuration flags.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            listen: None,
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
        }
    }
}

impl Place {
    /// The same options again, for a command that a person is to paste; each with a blank before. The database's URL is left out: it
    /// may hold a password.
    pub(crate) fn again(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let data_dir = self.data_dir.as_ref().map(|folder| format!(" --data-dir {}", quoted(folder)));
        let config =
            self.config.as_ref().map(|file| format!(" --config {}", quoted(&file.display().to_string())));
        let database = self.database_url.as_ref().map(|_| " --database-url URL".to_owned());
        [data_dir, config, database].into_iter().flatten().collect()
    }
}

/// Where, and for which tenant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Tenant {
    /// The tenant's id, as `cetar workspace list` shows it [default: the first]
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

/// How a listing is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Listing {
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// `serve`
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address and port to answer on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

/// `… list` of what belongs to a tenant.
#[derive(Debug, Args)]
pub(crate) struct OfTenant {
    #[command(flatten)]
    pub listing: Listing,
    #[command(flatten)]
    pub tenant: Tenant,
}

/// `device …`
#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Add a device and print its id, which is the API's session_id
    #[command(after_help = "\
Some channels need settings, read as JSON from standard input:
  telegram           {\"token\"}
  whatsapp-official  {\"phone_number_id\",\"waba_id\",\"access_token\",\"app_secret\",\"verify_token\"}
  messenger          {\"page_id\",\"access_token\",\"app_secret\",\"verify_token\"}
  instagram          {\"account_id\",\"login\":\"facebook\" or \"instagram\",\"access_token\",\"app_secret\",\"verify_token\"}
whatsapp and every --sandbox device need none.

Examples:
  cetar device add --channel whatsapp --name Shop
  cetar device add --channel telegram --name Bot < bot.json")]
    Add {
        /// The network
        #[arg(long, value_parser = PossibleValuesParser::new(channels()))]
        channel: String,
        /// What you call it
        #[arg(long)]
        name: String,
        /// Simulated: reaches made-up people only, needs no account and no link
        #[arg(long)]
        sandbox: bool,
        /// off: send as fast as it goes; on WhatsApp that costs accounts [default: the network's pace]
        #[arg(long, value_name = "MODE", value_parser = PossibleValuesParser::new(pace_modes()))]
        pace: Option<String>,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        tenant: Tenant,
    },
    /// List devices and how they are
    List(OfTenant),
    /// Link a device: draws a QR to scan with the phone, or shows a code to type into it
    #[command(after_help = "\
On the phone: WhatsApp, Settings, Linked devices, Link a device. Then scan the QR; or choose \"Link with phone number
instead\" and type the code.

Examples:
  cetar device link dev_…
  cetar device link dev_… --pairing-code 6281234567890")]
    Link {
        /// The device's id
        #[arg(value_name = "ID")]
        device: String,
        /// Show a code to type into the phone instead of a QR; takes the phone's own number, digits with country code
        #[arg(long, value_name = "NUMBER")]
        pairing_code: Option<String>,
        /// Print each step as one line of JSON, the QR's text included
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        tenant: Tenant,
    },
    /// Change a device's name, pace or settings; what is not given stays
    #[command(after_help = "\
A token that was renewed is given like this; it must be of the same account. The other settings stay.

Examples:
  cetar device change dev_… --name Shop
  cetar device change dev_… --pace off
  echo '{\"token\":\"…\"}' | cetar device change dev_… --settings")]
    Change {
        #[command(flatten)]
        device: OneDevice,
        /// What you call it
        #[arg(long)]
        name: Option<String>,
        /// Take settings from a JSON object on standard input
        #[arg(long)]
        settings: bool,
        /// off: send as fast as it goes; what waits for its turn goes out at once
        #[arg(long, value_name = "MODE", value_parser = PossibleValuesParser::new(pace_modes()))]
        pace: Option<String>,
    },
    /// Stop a device; its messages wait
    Pause(OneDevice),
    /// Let a stopped device run again
    Resume(OneDevice),
    /// Connect a device anew, on the same link
    Restart(OneDevice),
    /// End a device's link; it can be linked again
    Logout(OneDevice),
    /// End a device's link and remove it; waiting messages fail
    Remove(OneDevice),
}

/// A device by its id.
#[derive(Debug, Args)]
pub(crate) struct OneDevice {
    /// The device's id, as `cetar device list` shows it
    #[arg(value_name = "ID")]
    pub device: String,
    #[command(flatten)]
    pub tenant: Tenant,
}

/// `key …`
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key and print it, this once
    #[command(after_help = "\
Examples:
  cetar key create --name website
  cetar key create --name staging --test
  cetar key create --name office --allow-ip 203.0.113.0/24 --expires 90d --scope messages,admin")]
    Create {
        /// What you call it
        #[arg(long)]
        name: String,
        /// A sandbox key (sk_test_): reaches simulated people through sandbox devices only
        #[arg(long)]
        test: bool,
        /// May use this device only; can be given several times [default: every device]
        #[arg(long, value_name = "ID")]
        device: Vec<String>,
        /// May be used from these addresses only; can be given several times [default: from anywhere]
        #[arg(long, value_name = "CIDR", value_parser = network)]
        allow_ip: Vec<ipnet::IpNet>,
        /// Ends by itself after this time: 12h, 30d [default: never]
        #[arg(long, value_name = "TIME")]
        expires: Option<Span>,
        /// What it may do: messages (send, and read what it sent), admin (everything else too)
        #[arg(long, value_delimiter = ',', default_value = "messages", value_parser = ["messages", "admin"])]
        scope: Vec<String>,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        tenant: Tenant,
    },
    /// List keys; the keys themselves are not kept
    List(OfTenant),
    /// End a key at once
    Revoke {
        /// The key's id, as `cetar key list` shows it
        #[arg(value_name = "ID")]
        key: String,
        #[command(flatten)]
        tenant: Tenant,
    },
}

/// `workspace …`
#[derive(Debug, Subcommand)]
pub(crate) enum Workspace {
    /// Add a tenant and print its id
    Add {
        /// What you call it
        #[arg(long)]
        name: String,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        place: Place,
    },
    /// List tenants, the default one first
    List {
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        place: Place,
    },
}

/// `plan …`
#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// Replace a tenant's plan with the JSON on standard input
    #[command(after_help = "\
What is left out is not limited:
  {\"channels\":[\"whatsapp\",\"telegram\"],\"devices\":5,\"requests_per_minute\":120,\"broadcast\":true,\"official_api\":false,\"members\":3}

Example:
  echo '{\"devices\":5}' | cetar plan set --workspace ws_…")]
    Set {
        #[command(flatten)]
        tenant: Tenant,
    },
}

/// `doctor`
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Also try to reach the networks and the public address
    #[arg(long, conflicts_with = "ready")]
    pub network: bool,
    /// Only ask the running server whether it is ready: for health checks, which come often
    #[arg(long)]
    pub ready: bool,
    #[command(flatten)]
    pub listing: Listing,
    #[command(flatten)]
    pub place: Place,
}

/// `backup`
#[derive(Debug, Args)]
#[command(after_help = "\
The copy is complete and consistent; the server need not stop. It does not contain the master key: keep master.key (or
CETAR_MASTER_KEY) apart from it, since whoever has both can read every secret, and without the key the copy cannot be used.
On PostgreSQL this command says how to use pg_dump instead.")]
pub(crate) struct Backup {
    /// The file to write; must not exist
    pub file: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

/// `restore`
#[derive(Debug, Args)]
#[command(after_help = "\
The server must not run, and the data directory must hold the master.key that belongs to the backup and no database.
Messages that still waited when the backup was made will be sent after the next start.")]
pub(crate) struct Restore {
    /// A file that `cetar backup` wrote
    pub file: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

/// `migrate`
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_listing_takes_json() {
        for (noun, verb) in [
            ("device", "list"),
            ("key", "list"),
            ("webhook", "list"),
            ("workspace", "list"),
            ("user", "list"),
        ] {
            assert!(Cli::try_parse_from(["cetar", noun, verb, "--json"]).is_ok(), "{noun} {verb}");
        }
        assert!(Cli::try_parse_from(["cetar", "doctor", "--json"]).is_ok());
    }

    #[test]
    fn options_follow_the_sub_command() {
        assert!(Cli::try_parse_from(["cetar", "serve", "--data-dir", "d"]).is_ok());
        assert!(Cli::try_parse_from(["cetar", "--data-dir", "d", "serve"]).is_err());
    }
}
