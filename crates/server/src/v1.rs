//! The `/v1` API: one endpoint a file, `<resource>/<verb>.rs`, each reading top to bottom: refusals, body, documentation, handler.

mod api_keys;
mod audit_log;
mod blocked_ips;
mod contacts;
mod conversations;
pub(crate) mod deliveries;
pub(crate) mod devices;
mod events;
mod invitations;
mod jobs;
mod media;
pub(crate) mod messages;
pub(crate) mod meta;
pub(crate) mod numbers;
mod plan;
mod session;
pub(crate) mod templates;
mod typing;
mod usage;
mod users;
mod webhooks;
mod workspace;
mod workspaces;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{options::Face, state::AppState};

/// Every endpoint of a face, with its documentation.
pub(crate) fn routes(face: Face) -> OpenApiRouter<AppState> {
    let router = OpenApiRouter::new()
        .routes(routes!(messages::list::list, messages::create::create))
        .routes(routes!(messages::read::read))
        .routes(routes!(messages::send_template::send_template))
        .routes(routes!(meta::messages::create))
        .routes(routes!(media::create::create))
        .routes(routes!(meta::templates::list::list))
        .routes(routes!(meta::templates::sync::sync))
        .routes(routes!(numbers::check::check))
        .routes(routes!(typing::show::show))
        .routes(routes!(templates::list::list, templates::create::create))
        .routes(routes!(templates::read::read, templates::update::update, templates::delete::delete))
        .routes(routes!(jobs::list::list))
        .routes(routes!(jobs::read::read))
        .routes(routes!(jobs::cancel::cancel))
        .routes(routes!(jobs::retry::retry))
        .routes(routes!(jobs::resolve::resolve))
        .routes(routes!(devices::list::list, devices::create::create))
        .routes(routes!(devices::read::read, devices::update::update, devices::delete::delete))
        .routes(routes!(devices::callback::callback))
        .routes(routes!(devices::capabilities::capabilities))
        .routes(routes!(devices::link::link))
        .routes(routes!(devices::link_events::link_events))
        .routes(routes!(devices::logout::logout))
        .routes(routes!(devices::restart::restart))
        .routes(routes!(devices::phone::phone))
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
        .routes(routes!(
            session::read::read,
            session::create::create,
            session::update::update,
            session::delete::delete
        ))
        .routes(routes!(session::password::password))
        .routes(routes!(session::begin_totp::begin_totp, session::end_totp::end_totp))
        .routes(routes!(session::confirm_totp::confirm_totp))
        .routes(routes!(invitations::read::read, invitations::accept::accept))
        .routes(routes!(users::list::list, users::create::create))
        .routes(routes!(users::update::update, users::delete::delete))
        .routes(routes!(users::invite::invite))
        .routes(routes!(audit_log::list::list))
        .routes(routes!(blocked_ips::list::list, blocked_ips::create::create))
        .routes(routes!(blocked_ips::delete::delete))
        .routes(routes!(conversations::list::list))
        .routes(routes!(conversations::read::read))
        .routes(routes!(conversations::messages::messages))
        .routes(routes!(conversations::read_mark::read_mark))
        .routes(routes!(conversations::assign::assign))
        .routes(routes!(conversations::resolve::resolve))
        .routes(routes!(conversations::reopen::reopen))
        .routes(routes!(conversations::notes::notes, conversations::note::note))
        .routes(routes!(contacts::list::list))
        .routes(routes!(contacts::read::read, contacts::update::update, contacts::delete::delete))
        .routes(routes!(usage::read::read))
        .routes(routes!(usage::checklist::checklist))
        .routes(routes!(workspace::read::read, workspace::update::update))
        .routes(routes!(plan::read::read));
    match face {
        Face::Public => router,
        // Tenants are made and given their plans by the machine's operator only, who also hands out passwords.
        Face::Local => router
            .routes(routes!(workspaces::list::list, workspaces::create::create))
            .routes(routes!(workspaces::set_plan::set_plan))
            .routes(routes!(users::make::make))
            .routes(routes!(users::reset_password::reset_password)),
    }
}
