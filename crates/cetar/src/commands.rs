//! The commands that ask the management API for one thing.

mod device;
mod key;
mod link;
mod plan;
mod table;
mod user;
mod webhook;
mod workspace;

use anyhow::Context as _;
use axum::http::Method;
use serde_json::Value;

pub(crate) use self::{
    device::run as device, key::run as key, plan::run as plan, user::run as user, webhook::run as webhook,
    workspace::run as workspace,
};
use crate::{
    api::{Answer, Api},
    config::{Config, Environment},
    output::{remark, tell},
};

/// What a command works with.
pub(crate) struct Desk<'a> {
    pub(crate) config: &'a Config,
    pub(crate) environment: &'a Environment,
}

impl Desk<'_> {
    /// Opens the API for a tenant.
    async fn api(&self, workspace: Option<&String>) -> anyhow::Result<Api> {
        Api::open(self.config, self.environment, workspace.cloned()).await
    }

    /// Asks for one thing and closes again, whatever came of it.
    async fn ask(
        &self,
        workspace: Option<&String>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Answer> {
        let api = self.api(workspace).await?;
        let answer = api.call(method, path, body).await;
        api.close().await;
        answer
    }

    /// Reads a listing and closes again.
    async fn list(&self, workspace: Option<&String>, path: &str) -> anyhow::Result<Vec<Value>> {
        let api = self.api(workspace).await?;
        let list = api.list(path).await;
        api.close().await;
        list
    }
}

/// Prints one member alone on standard output, or everything as JSON.
fn print_one(data: &Value, member: &str, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(data);
    }
    let value = data[member].as_str().with_context(|| format!("the answer has no `{member}`"))?;
    tell(value)
}

fn print_json(data: &Value) -> anyhow::Result<()> {
    tell(&serde_json::to_string_pretty(data)?)
}

/// Reads JSON from standard input; at a terminal it says so first.
fn read_json(what: &str) -> anyhow::Result<Value> {
    use std::io::{IsTerminal as _, Read as _};
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        remark(&format!("Type {what} as JSON, then Ctrl-D:"));
    }
    let mut text = String::new();
    input.read_to_string(&mut text).context("standard input cannot be read")?;
    if text.trim().is_empty() {
        anyhow::bail!("standard input must hold {what} as JSON; see --help for an example");
    }
    // The error quotes no text, so no secret either.
    let value: Value =
        serde_json::from_str(&text).with_context(|| format!("{what} on standard input is not JSON"))?;
    if value.is_object() {
        Ok(value)
    } else {
        anyhow::bail!("{what} on standard input must be a JSON object")
    }
}

/// An id as it stands in a path. Anything else is the API's to refuse.
fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
