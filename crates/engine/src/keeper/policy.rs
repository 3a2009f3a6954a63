//! What a device's keeper decides, as tables: pure, no clock, no database.
use std::time::Duration;

use cetar_model::{DeviceState, DownReason, Health};
use cetar_provider::SessionEnd;
use cetar_store::Device;

/// What should be going on with a device, by what is stored of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// A session should run.
    Run,
    /// Nothing.
    Rest,
    /// Nothing, and what is stored no longer says the truth: this does.
    Mark(Health),
}

/// For a device that nobody is linking at the moment.
pub(super) const fn wish(device: &Device) -> Wish {
    match device.health.state {
        DeviceState::Unlinked | DeviceState::LoggedOut | DeviceState::Replaced => Wish::Rest,
        // The process that was linking it is gone, and the QR with it.
        DeviceState::Linking => Wish::Mark(link_ended(device, Some(DownReason::LinkExpired))),
        DeviceState::Stopped if device.paused => Wish::Rest,
        _ if device.paused => Wish::Mark(Health::new(DeviceState::Stopped, Some(DownReason::Paused))),
        DeviceState::Connecting
        | DeviceState::Connected
        | DeviceState::Degraded
        | DeviceState::Restricted
        | DeviceState::Stopped => Wish::Run,
    }
}

/// How a device is after linking did not come about.
pub(super) const fn link_ended(device: &Device, reason: Option<DownReason>) -> Health {
    let state = if device.linked_at.is_some() { DeviceState::LoggedOut } else { DeviceState::Unlinked };
    Health::new(state, reason)
}

/// What follows the end of a session that nobody asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequel {
    /// Another session, after a while.
    Another(Health),
    /// None, until a person acts.
    None(Health),
}

pub(super) const fn sequel(end: SessionEnd) -> Sequel {
    use DownReason as D;
    let reason = match end {
        // It was not told to stop: then it is as good as lost.
        SessionEnd::Stopped => return another(D::Disconnected),
        SessionEnd::Lost(reason) => return another(reason),
        SessionEnd::Ended(reason) => reason,
    };
    let state = match reason {
        D::LoggedOut
        | D::Banned
        | D::CredentialsExpired
        | D::PasskeyRequired
        | D::LinkExpired
        | D::AlreadyLinked => DeviceState::LoggedOut,
        D::ReplacedElsewhere => DeviceState::Replaced,
        // The link is whole; this program, or this moment, is not right for it.
        D::VersionOutdated | D::Restricted | D::Paused => DeviceState::Stopped,
        // Not the link's fault: these pass.
        D::Disconnected | D::NoAnswer | D::HeldByAnotherNode | D::CredentialsExpiring => {
            return another(reason);
        }
    };
    Sequel::None(Health::new(state, Some(reason)))
}

const fn another(reason: DownReason) -> Sequel {
    Sequel::Another(Health::new(DeviceState::Connecting, Some(reason)))
}

/// How long to wait before the next session after so many that were lost in a row: 1 s, 2 s, 4 s … up to a minute.
pub(super) fn restart_delay(lost_in_a_row: u32) -> Duration {
    Duration::from_secs(1 << lost_in_a_row.saturating_sub(1).min(6)).min(Duration::from_mins(1))
}

/// A session that lived this long was a good one: the next loss begins counting anew.
pub(super) const GOOD_SESSION: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use cetar_model::{Channel, IdSource, Timestamp};

    use super::*;

    fn device(state: DeviceState, paused: bool, linked: bool) -> Device {
        let ids = IdSource::new(|bytes| bytes.fill(1));
        let now = Timestamp::from_secs(1_700_000_000);
        Device {
            id: ids.make(now),
            workspace: ids.make(now),
            channel: Channel::Whatsapp,
            name: "Shop".to_owned(),
            sandbox: false,
            address: None,
            health: Health::new(state, None),
            paused,
            paced: true,
            linked_at: linked.then_some(now),
            created_at: now,
        }
    }

    #[test]
    fn what_should_be_going_on_with_a_device() {
        use DeviceState as S;
        let mark = |state, reason| Wish::Mark(Health::new(state, Some(reason)));
        for (state, paused, linked, expected) in [
            (S::Unlinked, false, false, Wish::Rest),
            (S::LoggedOut, false, true, Wish::Rest),
            (S::Replaced, false, true, Wish::Rest),
            (S::Connecting, false, true, Wish::Run),
            (S::Connected, false, true, Wish::Run),
            (S::Degraded, false, true, Wish::Run),
            (S::Restricted, false, true, Wish::Run),
            (S::Stopped, false, true, Wish::Run),
            (S::Stopped, true, true, Wish::Rest),
            (S::Connected, true, true, mark(S::Stopped, DownReason::Paused)),
            (S::LoggedOut, true, true, Wish::Rest),
            (S::Linking, false, false, mark(S::Unlinked, DownReason::LinkExpired)),
            (S::Linking, false, true, mark(S::LoggedOut, DownReason::LinkExpired)),
        ] {
            assert_eq!(wish(&device(state, paused, linked)), expected, "{state}, paused: {paused}");
        }
    }

    #[test]
    fn what_follows_the_end_of_a_session() {
        use {DeviceState as S, DownReason as D};
        for end in [
            SessionEnd::Stopped,
            SessionEnd::Lost(D::NoAnswer),
            SessionEnd::Lost(D::LoggedOut),
            SessionEnd::Ended(D::Disconnected),
        ] {
            assert!(matches!(sequel(end), Sequel::Another(_)), "{end:?}");
        }
        for (reason, state) in [
            (D::LoggedOut, S::LoggedOut),
            (D::Banned, S::LoggedOut),
            (D::CredentialsExpired, S::LoggedOut),
            (D::ReplacedElsewhere, S::Replaced),
            (D::VersionOutdated, S::Stopped),
        ] {
            let expected = Sequel::None(Health::new(state, Some(reason)));
            assert_eq!(sequel(SessionEnd::Ended(reason)), expected);
        }
    }

    #[test]
    fn lost_sessions_are_started_again_ever_more_slowly_but_at_least_once_a_minute() {
        let delays: Vec<u64> = (1..=9).map(|lost| restart_delay(lost).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(restart_delay(u32::MAX), Duration::from_mins(1));
    }
}
