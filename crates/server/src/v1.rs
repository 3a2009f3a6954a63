//! The `/v1` API: one endpoint a file, `<resource>/<verb>.rs`, each reading top to bottom: refusals, body, documentation, handler.

mod api_keys;
pub(crate) mod deliveries;
mod devices;
mod events;
mod jobs;
pub(crate) mod messages;
pub(crate) mod meta;
mod numbers;
mod plan;
mod templates;
mod typing;
mod webhooks;
mod workspace;
mod workspaces;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{options::Face, state::AppState};

/// Every endpoint of a face, with its documentation.
pub(crate) fn routes(face: Face) -> OpenApiRouter<AppState> {
    let router = OpenApiRouter::new()
        .routes(routes!(messages::create::create))
        .routes(routes!(messages::send_template::send_template))
        .routes(routes!(meta::messages::create))
        .routes(routes!(numbers::check::check))
        .routes(routes!(typing::show::show))
        .routes(routes!(templates::list::list, templates::create::create))
        .routes(routes!(templates::read::read, templates::update::update, templates::delete::delete))
        .routes(routes!(jobs::read::read))
        .routes(routes!(jobs::cancel::cancel))
        .routes(routes!(jobs::retry::retry))
        .routes(routes!(jobs::resolve::resolve))
        .routes(routes!(devices::list::list, devices::create::create))
        .routes(routes!(devices::read::read, devices::update::update, devices::delete::delete))
        .routes(routes!(devices::capabilities::capabilities))
        .routes(routes!(devices::link::link))
        .routes(routes!(devices::link_events::link_events))
        .routes(routes!(devices::logout::logout))
        .routes(routes!(devices::restart::restart))
        .routes(routes!(devices::pause::pause))
        .routes(routes!(devices::resume::resume))
        .routes(routes!(api_keys::list::list, api_keys::create::create))
        .routes(routes!(api_keys::delete::delete))
        .routes(routes!(webhooks::list::list, webhooks::create::create))
        .routes(routes!(webhooks::read::read, webhooks::update::update, webhooks::delete::delete))
        .routes(routes!(webhooks::pause::pause))
        .routes(routes!(webhooks::resume::resume))
        .routes(routes!(webhooks::enable::enable))
        .routes(routes!(webhooks::test::test))
        .routes(routes!(webhooks::rotate_secret::rotate_secret))
        .routes(routes!(webhooks::recover::recover))
        .routes(routes!(webhooks::deliveries::deliveries))
        .routes(routes!(deliveries::read::read))
        .routes(routes!(deliveries::resend::resend))
        .routes(routes!(events::list::list))
        .routes(routes!(events::follow::follow))
        .routes(routes!(workspace::read::read))
        .routes(routes!(plan::read::read));
    match face {
        Face::Public => router,
        // Tenants are made and given their plans by the machine's operator only.
        Face::Local => router
            .routes(routes!(workspaces::list::list, workspaces::create::create))
            .routes(routes!(workspaces::set_plan::set_plan)),
    }
}
