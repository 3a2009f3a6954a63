//! `user …`

use clap::{Args, Subcommand};

use super::{Listing, OfTenant, Tenant};

/// `user …`
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make a dashboard account and print its password, this once
    #[command(after_help = "\
Roles:
  agent  the inbox alone
  admin  everything but the owners and the plan
  owner  everything

Example:
  cetar user add --email budi@example.com --role agent

In the dashboard, people are invited by a link instead and choose a password themselves.")]
    Add {
        /// The e-mail to sign in with
        #[arg(long)]
        email: String,
        /// What the account may do
        #[arg(long, value_parser = ["owner", "admin", "agent"])]
        role: String,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        tenant: Tenant,
    },
    /// List dashboard accounts
    List(OfTenant),
    /// Give an account a new password and print it, this once; its sessions and its second factor end
    ResetPassword(OneUser),
}

/// An account by its e-mail.
#[derive(Debug, Args)]
pub(crate) struct OneUser {
    /// The e-mail to sign in with, as `cetar user list` shows it
    #[arg(value_name = "EMAIL")]
    pub email: String,
    #[command(flatten)]
    pub listing: Listing,
    #[command(flatten)]
    pub tenant: Tenant,
}

impl User {
    /// Where, and for which tenant.
    pub(crate) fn tenant(&self) -> &Tenant {
        match self {
            Self::Add { tenant, .. } | Self::List(OfTenant { tenant, .. }) => tenant,
            Self::ResetPassword(one) => &one.tenant,
        }
    }
}
