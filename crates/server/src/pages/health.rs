//! `GET /healthz` and `GET /readyz`: for load balancers and supervisors. They tell nothing secret.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{error::ErrorCode, state::AppState};

/// The process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `alive`.
    #[schema(example = "alive")]
    status: &'static str,
}

/// Whether the process lives
///
/// Answers as long as it can answer at all. A failure means: restart it.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "server",
    operation_id = "getHealth",
    responses((status = 200, description = "It lives.", body = Alive)),
)]
pub(crate) async fn alive() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Whether requests can be taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// All of them are well.
    ready: bool,
    checks: Checks,
}

/// Part by part: `ok`, or what is wrong.
#[derive(Serialize, ToSchema)]
struct Checks {
    /// The database takes writes: `ok` or `unavailable`.
    #[schema(example = "ok")]
    database: &'static str,
    /// The disk under the database has room: `ok` or `full`.
    #[schema(example = "ok")]
    disk: &'static str,
    /// The loops that send and deliver run: `ok` or `not_running`.
    #[schema(example = "ok")]
    workers: &'static str,
    /// Whether the process is stopping: `ok` or `stopping`.
    #[schema(example = "ok")]
    process: &'static str,
}

/// Whether requests can be taken
///
/// Asks the database, the disk under it and the workers, at most once a second. A 503 means: send requests elsewhere for now.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "server",
    operation_id = "getReadiness",
    responses(
        (status = 200, description = "Ready.", body = Ready),
        (status = 503, description = "Not ready; `checks` says why.", body = Ready),
    ),
)]
pub(crate) async fn ready(State(state): State<AppState>) -> Response {
    let readiness = state.readiness().await;
    let word = |good: bool, bad: &'static str| if good { "ok" } else { bad };
    let checks = Checks {
        database: word(readiness.database, "unavailable"),
        disk: word(readiness.disk, "full"),
        workers: word(readiness.workers, "not_running"),
        process: word(!readiness.stopping, "stopping"),
    };
    let ready = readiness.is_ready();
    let answer = Json(Ready { ready, checks });
    if ready { answer.into_response() } else { (ErrorCode::Unavailable.status(), answer).into_response() }
}
