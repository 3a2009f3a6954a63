//! `cetar webhook …`, as a person reads it.

use cetar_model::DeliveryState;
use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::{Listing, OfTenant, Tenant, values::event};

/// `webhook …`
#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    /// Add an endpoint and print its signing secret, this once
    #[command(after_help = "\
Examples:
  cetar webhook add --url https://example.com/hook
  cetar webhook add --url https://example.com/hook --event 'message.*' --device dev_… --json
  echo '{\"X-Api-Key\":\"…\"}' | cetar webhook add --url https://example.com/hook --headers")]
    Add {
        /// Where events are posted to: https, or http to an address in egress.allow
        #[arg(long)]
        url: String,
        /// Only events of this device
        #[arg(long, value_name = "ID")]
        device: Option<String>,
        /// Only these events, by name or as in message.*; can be given several times [default: all]
        #[arg(long, value_name = "EVENT", value_parser = event)]
        event: Vec<String>,
        /// Send these headers too: a JSON object of names and values, read from standard input
        #[arg(long)]
        headers: bool,
        /// One delivery at a time, in the order of the events; one that fails holds up the others
        #[arg(long)]
        ordered: bool,
        /// Send X-Hub-Signature-256 too, for receivers made for other gateways
        #[arg(long)]
        legacy_signature: bool,
        /// Send the reply in an answer to message.received: {"reply": {…}}, the body of a send without 'to'
        #[arg(long)]
        replies: bool,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        tenant: Tenant,
    },
    /// List endpoints and how they are
    List(OfTenant),
    /// Show one endpoint as JSON
    Show(OneWebhook),
    /// Change an endpoint; what is not given stays
    Change {
        #[command(flatten)]
        webhook: OneWebhook,
        /// Where events are posted to from now on
        #[arg(long)]
        url: Option<String>,
        /// Only events of this device; 'all' for every device
        #[arg(long, value_name = "ID")]
        device: Option<String>,
        /// Only these events, in place of those before; '*' for all
        #[arg(long, value_name = "EVENT", value_parser = event)]
        event: Vec<String>,
        /// Replace its headers by a JSON object read from standard input; {} for none
        #[arg(long)]
        headers: bool,
        /// One delivery at a time, in the order of the events
        #[arg(long, value_name = "true|false")]
        ordered: Option<bool>,
        /// Send X-Hub-Signature-256 too
        #[arg(long, value_name = "true|false")]
        legacy_signature: Option<bool>,
        /// Send the replies in its answers
        #[arg(long, value_name = "true|false")]
        replies: Option<bool>,
    },
    /// Send nothing more to an endpoint for a while; its events are kept
    Pause(OneWebhook),
    /// Go on with a paused endpoint; what was kept goes now
    Resume(OneWebhook),
    /// Switch a disabled endpoint on again; then make up for the time with recover
    Enable(OneWebhook),
    /// Send a test event to an endpoint, and print the delivery's id
    Test(OneWebhook),
    /// Make a new signing secret and print it, this once; the old one signs too for 24 hours
    RotateSecret {
        #[command(flatten)]
        webhook: OneWebhook,
        #[command(flatten)]
        listing: Listing,
    },
    /// Deliver at once what an endpoint did not get: what waits, what failed for good, what happened while it was disabled
    #[command(after_help = "\
Example:
  cetar webhook recover wh_… --since 2026-11-22T08:00:00+07:00")]
    Recover {
        #[command(flatten)]
        webhook: OneWebhook,
        /// From then on, as in 2026-11-22T08:00:00+07:00
        #[arg(long, value_name = "TIME")]
        since: String,
        /// Before then [default: now]
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// List an endpoint's latest deliveries
    Deliveries {
        #[command(flatten)]
        webhook: OneWebhook,
        /// Only those that stand there
        #[arg(long, value_parser = PossibleValuesParser::new(DeliveryState::ALL.iter().map(|state| state.as_str())))]
        state: Option<String>,
        /// Only of this event, or of those that message.* covers
        #[arg(long, value_name = "EVENT", value_parser = event)]
        event: Option<String>,
        /// Made then or later, as in 2026-11-22T08:00:00+07:00
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Made before
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// How many, at most
        #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u8).range(1..=100))]
        limit: u8,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one delivery as JSON: its body, and every attempt with what was asked and answered
    Delivery(OneDelivery),
    /// Send a delivery again, whatever became of it
    Resend(OneDelivery),
    /// Remove an endpoint; what was on its way to it is dropped
    Remove(OneWebhook),
}

/// Which endpoint.
#[derive(Debug, Args)]
pub(crate) struct OneWebhook {
    /// The endpoint's id, as `cetar webhook list` shows it
    #[arg(value_name = "ID")]
    pub webhook: String,
    #[command(flatten)]
    pub tenant: Tenant,
}

/// Which delivery.
#[derive(Debug, Args)]
pub(crate) struct OneDelivery {
    /// The delivery's id, as `cetar webhook deliveries` shows it
    #[arg(value_name = "ID")]
    pub delivery: String,
    #[command(flatten)]
    pub tenant: Tenant,
}

impl Webhook {
    /// Where, and for which tenant.
    pub(crate) const fn tenant(&self) -> &Tenant {
        match self {
            Self::Add { tenant, .. } | Self::List(OfTenant { tenant, .. }) => tenant,
            Self::Change { webhook, .. }
            | Self::RotateSecret { webhook, .. }
            | Self::Recover { webhook, .. }
            | Self::Deliveries { webhook, .. }
            | Self::Show(webhook)
            | Self::Pause(webhook)
            | Self::Resume(webhook)
            | Self::Enable(webhook)
            | Self::Test(webhook)
            | Self::Remove(webhook) => &webhook.tenant,
            Self::Delivery(delivery) | Self::Resend(delivery) => &delivery.tenant,
        }
    }
}
