//! How long a token lasts.

use std::time::Duration;

use cetar_model::{Clock as _, DeviceState, DownReason, Health};
use cetar_provider::{Inbound, SessionEnd};
use tokio_util::sync::CancellationToken;

use crate::world::{NUMBER, World};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_token_that_ends_is_told_of_seven_days_before_and_again_when_it_has() {
    let mut world = World::new().await;
    // The clock moves by seconds: the warning is due soon.
    let end = world.clock.now() + 7 * DAY + Duration::from_mins(30);
    world.graph.end_token_at(NUMBER, end.as_secs());
    let clock = world.clock.clone();
    let (end_of_session, told) = world
        .run_until({
            let mut told: Vec<(Health, _)> = Vec::new();
            move |graph, event| {
                if let Inbound::Health(health) = event {
                    told.push((health, clock.now()));
                }
                if told.len() == 2 {
                    graph.revoke(NUMBER);
                    return Some(told.clone());
                }
                None
            }
        })
        .await;
    assert_eq!(end_of_session, SessionEnd::Stopped);
    let [(well, _), (soon, at)] = told[..] else { panic!("{told:?}") };
    assert_eq!((well.state, well.reason), (DeviceState::Connected, None));
    assert_eq!((soon.state, soon.reason), (DeviceState::Connected, Some(DownReason::CredentialsExpiring)));
    assert_eq!((well.credentials_until, soon.credentials_until), (Some(end), Some(end)));
    assert!(end.since(at) <= 7 * DAY, "not before: {:?}", end.since(at));
    // Meta takes it no more.
    let end_of_session = world.session.run(CancellationToken::new()).await;
    assert_eq!(end_of_session, SessionEnd::Ended(DownReason::CredentialsExpired));
}

#[tokio::test]
async fn the_end_that_was_found_out_before_stands_while_meta_does_not_tell_it() {
    let mut world = World::new().await;
    let end = world.clock.now() + 3 * DAY;
    world.account.credentials_until = Some(end);
    // Meta tells it to the app alone.
    "bukan-rahasia-aplikasi".clone_into(world.account.settings.get_mut("app_secret").expect("a secret"));
    world.reopen();
    let (_end, health) = world
        .run_until(|_, event| match event {
            Inbound::Health(health) => Some(health),
            _ => None,
        })
        .await;
    let shown = (health.state, health.reason, health.credentials_until);
    assert_eq!(shown, (DeviceState::Connected, Some(DownReason::CredentialsExpiring), Some(end)));
}

#[tokio::test]
async fn a_token_without_an_end_has_none_and_a_secret_that_is_not_the_apps_keeps_nobody_from_sending() {
    for secret in ["rahasia", "bukan-rahasia-aplikasi"] {
        let mut world = World::new().await;
        secret.clone_into(world.account.settings.get_mut("app_secret").expect("a secret"));
        world.reopen();
        if secret != "rahasia" {
            world.graph.end_token_at(NUMBER, 1);
        }
        let (_end, health) = world
            .run_until(|_, event| match event {
                Inbound::Health(health) => Some(health),
                _ => None,
            })
            .await;
        let shown = (health.state, health.reason, health.credentials_until);
        assert_eq!(shown, (DeviceState::Connected, None, None), "{secret}");
    }
}
