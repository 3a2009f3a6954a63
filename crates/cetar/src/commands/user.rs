//! `cetar user …`

use axum::http::Method;
use serde_json::json;

use super::{Desk, print_json, print_one, table};
use crate::{
    cli::{OfTenant, User},
    output::remark,
};

pub(crate) async fn run(desk: &Desk<'_>, command: User) -> anyhow::Result<()> {
    match command {
        User::Add { email, role, listing, tenant } => {
            let body = json!({ "email": email, "role": role });
            let path = "/v1/users/with-password";
            let answer = desk.ask(tenant.workspace.as_ref(), Method::POST, path, Some(body)).await?;
            remark(&answer.message);
            print_one(&answer.data, "password", listing.json)
        }
        User::List(OfTenant { listing, tenant }) => {
            let users = desk.list(tenant.workspace.as_ref(), "/v1/users").await?;
            if listing.json {
                return print_json(&users.into());
            }
            let empty = "There is no account yet: cetar user add --email EMAIL --role owner";
            let columns = [
                ("ID", "id"),
                ("EMAIL", "email"),
                ("NAME", "name"),
                ("ROLE", "role"),
                ("INVITED", "invited"),
                ("DISABLED", "disabled"),
                ("SIGNED IN", "signed_in_at"),
                ("CREATED", "created_at"),
            ];
            table::print(&users, &columns, empty)
        }
        User::ResetPassword(one) => {
            let body = json!({ "email": one.email });
            let path = "/v1/users/reset-password";
            let answer = desk.ask(one.tenant.workspace.as_ref(), Method::POST, path, Some(body)).await?;
            remark(&answer.message);
            print_one(&answer.data, "password", one.listing.json)
        }
    }
}
