//! `cetar webhook …`

use axum::http::Method;
use serde_json::{Value, json};

use super::{Desk, print_json, print_one, read_json, segment, table};
use crate::{
    api::Answer,
    cli::{OfTenant, OneDelivery, OneWebhook, Webhook},
    output::remark,
};

pub(crate) async fn run(desk: &Desk<'_>, command: Webhook) -> anyhow::Result<()> {
    match command {
        Webhook::Add { url, device, event, headers, ordered, legacy_signature, replies, listing, tenant } => {
            let mut body = json!({
                "url": url,
                "device_id": device,
                "ordered": ordered,
                "legacy_signature": legacy_signature,
                "replies": replies,
            });
            if !event.is_empty() {
                body["events"] = event.into();
            }
            if headers {
                body["headers"] = read_json("the headers")?;
            }
            let answer =
                desk.ask(tenant.workspace.as_ref(), Method::POST, "/v1/webhooks", Some(body)).await?;
            print_secret(&answer, listing.json)
        }
        Webhook::List(OfTenant { listing, tenant }) => {
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
                ("STATE", "state"),
                ("CREATED", "created_at"),
                ("WHAT TO DO", "message"),
            ];
            table::print(&endpoints, &columns, empty)
        }
        Webhook::Show(webhook) => {
            let answer = about(desk, &webhook, Method::GET, "", None).await?;
            print_json(&answer.data)
        }
        Webhook::Change { webhook, url, device, event, headers, ordered, legacy_signature, replies } => {
            let mut body = json!({
                "url": url,
                "ordered": ordered,
                "legacy_signature": legacy_signature,
                "replies": replies,
            });
            if let Some(device) = device {
                body["device_id"] = if device == "all" { "".into() } else { device.into() };
            }
            if !event.is_empty() {
                body["events"] = event.into();
            }
            if headers {
                body["headers"] = read_json("the headers")?;
            }
            done(desk, &webhook, Method::PATCH, "", Some(body)).await
        }
        Webhook::Pause(webhook) => done(desk, &webhook, Method::POST, "/pause", None).await,
        Webhook::Resume(webhook) => done(desk, &webhook, Method::POST, "/resume", None).await,
        Webhook::Enable(webhook) => done(desk, &webhook, Method::POST, "/enable", None).await,
        Webhook::Test(webhook) => {
            let answer = about(desk, &webhook, Method::POST, "/test", None).await?;
            remark(&answer.message);
            remark("What came of it: cetar webhook delivery ID");
            print_one(&answer.data, "id", false)
        }
        Webhook::RotateSecret { webhook, listing } => {
            let answer = about(desk, &webhook, Method::POST, "/rotate-secret", None).await?;
            print_secret(&answer, listing.json)
        }
        Webhook::Recover { webhook, since, until } => {
            let body = json!({ "since": since, "until": until });
            let answer = about(desk, &webhook, Method::POST, "/recover", Some(body)).await?;
            remark(&answer.message);
            print_json(&answer.data)
        }
        Webhook::Deliveries { webhook, state, event, since, until, limit, listing } => {
            let limit = Some(limit.to_string());
            let filter =
                [("limit", limit), ("state", state), ("event", event), ("since", since), ("until", until)];
            deliveries(desk, &webhook, &filter, listing.json).await
        }
        Webhook::Delivery(delivery) => {
            let answer = about_delivery(desk, &delivery, Method::GET, "").await?;
            print_json(&answer.data)
        }
        Webhook::Resend(delivery) => {
            remark(&about_delivery(desk, &delivery, Method::POST, "/resend").await?.message);
            Ok(())
        }
        Webhook::Remove(webhook) => done(desk, &webhook, Method::DELETE, "", None).await,
    }
}

/// Lists an endpoint's deliveries.
async fn deliveries(
    desk: &Desk<'_>,
    webhook: &OneWebhook,
    filter: &[(&str, Option<String>)],
    as_json: bool,
) -> anyhow::Result<()> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(filter.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
    let path = format!("/deliveries?{}", query.finish());
    let answer = about(desk, webhook, Method::GET, &path, None).await?;
    if as_json {
        return print_json(&answer.data);
    }
    let columns = [
        ("ID", "id"),
        ("EVENT", "event"),
        ("STATE", "state"),
        ("ATTEMPTS", "attempts"),
        ("STATUS", "last_status"),
        ("ERROR", "last_error"),
        ("CREATED", "created_at"),
        ("NEXT", "next_attempt_at"),
    ];
    let deliveries = answer.data.as_array().map(Vec::as_slice).unwrap_or_default();
    table::print(deliveries, &columns, "There is no such delivery.")
}

/// Asks for something about one endpoint.
async fn about(
    desk: &Desk<'_>,
    OneWebhook { webhook, tenant }: &OneWebhook,
    method: Method,
    verb: &str,
    body: Option<Value>,
) -> anyhow::Result<Answer> {
    let path = format!("/v1/webhooks/{}{verb}", segment(webhook));
    desk.ask(tenant.workspace.as_ref(), method, &path, body).await
}

/// Asks for something about one delivery.
async fn about_delivery(
    desk: &Desk<'_>,
    OneDelivery { delivery, tenant }: &OneDelivery,
    method: Method,
    verb: &str,
) -> anyhow::Result<Answer> {
    let path = format!("/v1/deliveries/{}{verb}", segment(delivery));
    desk.ask(tenant.workspace.as_ref(), method, &path, None).await
}

/// Does something of which there is nothing to tell but that it was done.
async fn done(
    desk: &Desk<'_>,
    webhook: &OneWebhook,
    method: Method,
    verb: &str,
    body: Option<Value>,
) -> anyhow::Result<()> {
    remark(&about(desk, webhook, method, verb, body).await?.message);
    Ok(())
}

/// Prints the secret alone, or with the endpoint's id as JSON.
fn print_secret(answer: &Answer, as_json: bool) -> anyhow::Result<()> {
    remark(&answer.message);
    if as_json {
        return print_json(&json!({ "id": &answer.data["id"], "secret": &answer.data["secret"] }));
    }
    print_one(&answer.data, "secret", false)
}
