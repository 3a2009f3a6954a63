//! `cetar plan …`

use anyhow::Context as _;
use axum::http::Method;

use super::{Desk, print_json, read_json, segment};
use crate::{api::Api, cli::Plan, output::remark};

pub(crate) async fn run(desk: &Desk<'_>, command: Plan) -> anyhow::Result<()> {
    let Plan::Set { tenant } = command;
    let plan = read_json("the plan")?;
    let api = desk.api(tenant.workspace.as_ref()).await?;
    let set = set(&api, plan).await;
    api.close().await;
    set
}

async fn set(api: &Api, plan: serde_json::Value) -> anyhow::Result<()> {
    // The path takes an id; this turns a name, or none, into one.
    let workspace = api.call(Method::GET, "/v1/workspace", None).await?;
    let id = workspace.data["id"].as_str().context("the workspace has no id")?;
    let answer = api.call(Method::PUT, &format!("/v1/workspaces/{}/plan", segment(id)), Some(plan)).await?;
    remark(&answer.message);
    print_json(&answer.data)
}
