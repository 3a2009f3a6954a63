//! `cetar key …`

use axum::http::Method;
use serde_json::json;

use super::{Desk, print_json, print_one, segment, table};
use crate::{
    cli::{Key, OfTenant},
    output::remark,
};

pub(crate) async fn run(desk: &Desk<'_>, command: Key) -> anyhow::Result<()> {
    match command {
        Key::Create { name, test, device, allow_ip, expires, scope, listing, tenant } => {
            let body = json!({
                "name": name,
                "test": test,
                "device_ids": device,
                "allow_ips": allow_ip,
                "expires_in": expires.map(|span| span.0.as_secs()),
                "scopes": scope,
            });
            let answer =
                desk.ask(tenant.workspace.as_ref(), Method::POST, "/v1/api-keys", Some(body)).await?;
            remark(&answer.message);
            print_one(&answer.data, "key", listing.json)
        }
        Key::List(OfTenant { listing, tenant }) => {
            let keys = desk.list(tenant.workspace.as_ref(), "/v1/api-keys").await?;
            if listing.json {
                return print_json(&keys.into());
            }
            let empty = "There is no API key yet: cetar key create --name NAME";
            let columns = [
                ("ID", "id"),
                ("NAME", "name"),
                ("KEY", "hint"),
                ("SCOPES", "scopes"),
                ("CREATED", "created_at"),
                ("LAST USED", "last_used_at"),
                ("EXPIRES", "expires_at"),
                ("REVOKED", "revoked_at"),
            ];
            table::print(&keys, &columns, empty)
        }
        Key::Revoke { key, tenant } => {
            let path = format!("/v1/api-keys/{}", segment(&key));
            let answer = desk.ask(tenant.workspace.as_ref(), Method::DELETE, &path, None).await?;
            remark(&answer.message);
            Ok(())
        }
    }
}
