//! `cetar webhook …`

use axum::http::Method;
use serde_json::json;

use super::{Desk, print_json, print_one, segment, table};
use crate::{cli::Webhook, output::remark};

pub(crate) async fn run(desk: &Desk<'_>, command: Webhook) -> anyhow::Result<()> {
    match command {
        Webhook::Add { url, device, event, listing, tenant } => {
            let mut body = json!({ "url": url, "device_id": device });
            if !event.is_empty() {
                body["events"] = event.into();
            }
            let answer =
                desk.ask(tenant.workspace.as_ref(), Method::POST, "/v1/webhooks", Some(body)).await?;
            remark(&answer.message);
            if listing.json {
                let (id, secret) = (&answer.data["id"], &answer.data["secret"]);
                return print_json(&json!({ "id": id, "secret": secret }));
            }
            print_one(&answer.data, "secret", false)
        }
        Webhook::List { listing, tenant } => {
            let endpoints = desk.list(tenant.workspace.as_ref(), "/v1/webhooks").await?;
            if listing.json {
                return print_json(&endpoints.into());
            }
            let empty = "There is no webhook yet: cetar webhook add --url https://…";
            let columns = [
                ("ID", "id"),
                ("URL", "url"),
                ("EVENTS", "events"),
                ("DEVICE", "device_id"),
                ("CREATED", "created_at"),
                ("SWITCHED OFF", "disabled_at"),
                ("WHY", "disabled_reason"),
            ];
            table::print(&endpoints, &columns, empty)
        }
        Webhook::Remove { webhook, tenant } => {
            let path = format!("/v1/webhooks/{}", segment(&webhook));
            let answer = desk.ask(tenant.workspace.as_ref(), Method::DELETE, &path, None).await?;
            remark(&answer.message);
            Ok(())
        }
    }
}
