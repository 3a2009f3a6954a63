//! `cetar workspace …`

use axum::http::Method;
use serde_json::json;

use super::{Desk, print_json, print_one, table};
use crate::{cli::Workspace, output::remark};

pub(crate) async fn run(desk: &Desk<'_>, command: Workspace) -> anyhow::Result<()> {
    match command {
        Workspace::Add { name, listing, place: _ } => {
            let body = json!({ "name": name });
            let answer = desk.ask(None, Method::POST, "/v1/workspaces", Some(body)).await?;
            remark(&answer.message);
            print_one(&answer.data, "id", listing.json)
        }
        Workspace::List { listing, place: _ } => {
            let workspaces = desk.list(None, "/v1/workspaces").await?;
            if listing.json {
                return print_json(&workspaces.into());
            }
            let empty = "There is no workspace yet: start `cetar serve` once";
            let columns =
                [("ID", "id"), ("NAME", "name"), ("LANGUAGE", "language"), ("CREATED", "created_at")];
            table::print(&workspaces, &columns, empty)
        }
    }
}
