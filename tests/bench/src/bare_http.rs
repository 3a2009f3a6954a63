//! The bare handler: parses the body of a send, answers as the gateway does, and does nothing else. Its own process, as the
//! gateway is one, so that both share the machine with the load in the same manner.

use axum::{Json, Router, routing::post};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// The line that tells its address begins so.
pub(crate) const LISTENS: &str = "listens on ";

#[derive(Deserialize)]
struct Send {
    channel: String,
    r#type: String,
    to: String,
    content: Content,
}

#[derive(Deserialize)]
struct Content {
    text: String,
}

#[derive(Serialize)]
struct Answer {
    success: bool,
    message: &'static str,
    data: Queued,
}

#[derive(Serialize)]
struct Queued {
    status: &'static str,
    job_id: String,
    message_id: String,
}

async fn create(Json(send): Json<Send>) -> Json<Answer> {
    // Everything that was read is used, so that no reading is left out.
    let size = send.channel.len() + send.r#type.len() + send.to.len() + send.content.text.len();
    let data = Queued {
        status: "queued",
        job_id: format!("job_{size:032x}"),
        message_id: format!("msg_{size:032x}"),
    };
    Json(Answer { success: true, message: "The message is queued.", data })
}

/// Serves until it is killed.
#[expect(clippy::print_stdout, reason = "whoever started it reads the address")]
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{LISTENS}http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/v1/messages", post(create))).await?;
    Ok(())
}
