//! `cetar device …`

use axum::http::Method;
use cetar_model::Channel;
use serde_json::{Value, json};

use super::{Desk, link, print_json, print_one, read_json, segment, table};
use crate::{
    cli::{Device, OfTenant, OneDevice},
    output::remark,
};

pub(crate) async fn run(desk: &Desk<'_>, command: Device) -> anyhow::Result<()> {
    match command {
        Device::Add { channel, name, sandbox, pace, listing, tenant } => {
            let mut body = json!({ "channel": channel, "name": name, "sandbox": sandbox, "pace": pace });
            if !sandbox && channel != Channel::Whatsapp.as_str() {
                body["settings"] = settings(read_json("the channel's settings")?);
            }
            let answer = desk.ask(tenant.workspace.as_ref(), Method::POST, "/v1/devices", Some(body)).await?;
            remark(&answer.message);
            if answer.data["state"] == "unlinked" {
                let id = answer.data["id"].as_str().unwrap_or("ID");
                remark(&format!("Link it next: cetar device link {id}"));
            }
            print_one(&answer.data, "id", listing.json)
        }
        Device::List(OfTenant { listing, tenant }) => {
            let api = desk.api(tenant.workspace.as_ref()).await?;
            let (devices, by_server) = (api.list("/v1/devices").await, api.is_server());
            api.close().await;
            let devices = devices?;
            if listing.json {
                return print_json(&devices.into());
            }
            if !by_server && !devices.is_empty() {
                remark(
                    "The server is not running: no device is connected; the states are the last ones known.",
                );
            }
            let empty = "There is no device yet: cetar device add --channel whatsapp --name NAME";
            let columns = [
                ("ID", "id"),
                ("CHANNEL", "channel"),
                ("NAME", "name"),
                ("SANDBOX", "sandbox"),
                ("ADDRESS", "address"),
                ("STATE", "state"),
                ("TOKEN ENDS", "credentials_expire_at"),
                ("WHAT TO DO", "message"),
            ];
            table::print(&devices, &columns, empty)
        }
        Device::Link { device, pairing_code, json, tenant } => {
            link::run(desk, tenant.workspace.as_ref(), &device, pairing_code, json).await
        }
        Device::Change { device, name, settings: given, pace } => {
            let mut body = json!({ "name": name, "pace": pace });
            if given {
                body["settings"] = settings(read_json("the settings")?);
            }
            change(desk, &device, Method::PATCH, "", Some(body)).await.map(drop)
        }
        Device::Pause(device) => change(desk, &device, Method::POST, "/pause", None).await.map(drop),
        Device::Resume(device) => change(desk, &device, Method::POST, "/resume", None).await.map(drop),
        Device::Restart(device) => {
            if !change(desk, &device, Method::POST, "/restart", None).await? {
                remark("The server is not running: the device connects when it is started.");
            }
            Ok(())
        }
        Device::Logout(device) => {
            if !change(desk, &device, Method::POST, "/logout", None).await? {
                remark(STILL_LISTED);
            }
            Ok(())
        }
        Device::Remove(device) => {
            if !change(desk, &device, Method::DELETE, "", None).await? {
                remark(STILL_LISTED);
            }
            Ok(())
        }
    }
}

/// Without a running server nobody told the network.
const STILL_LISTED: &str = "The server is not running, so the network was not told. If the phone still lists this device, \
                            remove it there: WhatsApp, Settings, Linked devices.";

/// Does it; whether a running server did.
async fn change(
    desk: &Desk<'_>,
    device: &OneDevice,
    method: Method,
    verb: &str,
    body: Option<Value>,
) -> anyhow::Result<bool> {
    let api = desk.api(device.tenant.workspace.as_ref()).await?;
    let path = format!("/v1/devices/{}{verb}", segment(&device.device));
    let answer = api.call(method, &path, body).await;
    let by_server = api.is_server();
    api.close().await;
    remark(&answer?.message);
    Ok(by_server)
}

/// The API takes texts; ids are often typed as numbers.
fn settings(mut given: Value) -> Value {
    for value in given.as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
        if value.is_number() {
            *value = Value::String(value.to_string());
        }
    }
    given
}
