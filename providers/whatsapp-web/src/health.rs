//! How a session is, with evidence. Nothing here believes a socket: "connected" is said after a login and for as long as
//! questions are answered.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cetar_model::{DeviceState, DownReason, Health, Timestamp};

use crate::store::Refusal;

/// Refusals beyond so many chats tell nothing new.
const REFUSED_CHATS: usize = 200;

/// How long a restriction is believed when WhatsApp does not say how long it lasts. Reports of the lock speak of a day.
pub(crate) const RESTRICTION: Duration = Duration::from_hours(24);

/// The connection's part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Not there; being made, for this reason if it was there before.
    Down(Option<DownReason>),
    /// Logged in, and answers.
    Up,
    /// There, and does not answer.
    Silent,
    /// Gone for good.
    Over(DownReason),
}

/// The one place that knows a session's state.
pub(crate) struct HealthBoard(Mutex<Board>);

struct Board {
    line: Line,
    last_frame_at: Option<Timestamp>,
    last_ack_at: Option<Timestamp>,
    restriction: Option<Restriction>,
    banned_until: Option<Timestamp>,
}

struct Restriction {
    at: Timestamp,
    until: Option<Timestamp>,
    chats: BTreeSet<String>,
}

impl HealthBoard {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Board {
            line: Line::Down(None),
            last_frame_at: None,
            last_ack_at: None,
            restriction: None,
            banned_until: None,
        }))
    }

    fn board(&self) -> std::sync::MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn line(&self) -> Line {
        self.board().line
    }

    pub(crate) fn set_line(&self, line: Line) {
        self.board().line = line;
    }

    /// A ban with an end, so that a person can see it.
    pub(crate) fn set_banned_until(&self, until: Timestamp) {
        self.board().banned_until = Some(until);
    }

    /// Something came from WhatsApp, then.
    pub(crate) fn frame_at(&self, at: Timestamp) {
        let mut board = self.board();
        board.last_frame_at = board.last_frame_at.max(Some(at));
    }

    /// WhatsApp answered something we sent.
    pub(crate) fn answered_at(&self, at: Timestamp) {
        let mut board = self.board();
        board.last_ack_at = board.last_ack_at.max(Some(at));
        board.last_frame_at = board.last_frame_at.max(Some(at));
    }

    /// Takes up a restriction from before a restart.
    pub(crate) fn restore(&self, refusal: Refusal) {
        let Refusal { at, until, chats } = refusal;
        self.board().restriction = Some(Restriction { at, until, chats: chats.into_iter().collect() });
    }

    /// WhatsApp refused a first message to this chat.
    pub(crate) fn refused(&self, chat: &str, now: Timestamp) {
        let mut board = self.board();
        let restriction = board.restriction.get_or_insert_with(|| Restriction {
            at: now,
            until: None,
            chats: BTreeSet::new(),
        });
        restriction.at = now;
        if restriction.chats.len() < REFUSED_CHATS {
            restriction.chats.insert(chat.to_owned());
        }
    }

    /// WhatsApp said when the restriction ends.
    pub(crate) fn restricted_until(&self, until: Timestamp) {
        if let Some(restriction) = &mut self.board().restriction {
            restriction.until = Some(until);
        }
    }

    /// WhatsApp took a message to this chat. If it is one that was refused, a stranger, the restriction is over. Says
    /// whether it is.
    pub(crate) fn accepted(&self, chat: &str) -> bool {
        let mut board = self.board();
        board.restriction.take_if(|restriction| restriction.chats.contains(chat)).is_some()
    }

    /// Ends a restriction whose time is over. Says whether it did.
    pub(crate) fn expire(&self, now: Timestamp) -> bool {
        self.board()
            .restriction
            .take_if(|restriction| now >= restriction.until.unwrap_or(restriction.at + RESTRICTION))
            .is_some()
    }

    /// The restriction, to be kept over a restart.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.board().restriction.as_ref().map(|restriction| Refusal {
            at: restriction.at,
            until: restriction.until,
            chats: restriction.chats.iter().cloned().collect(),
        })
    }

    pub(crate) fn health(&self) -> Health {
        let board = self.board();
        let (state, reason) = match board.line {
            Line::Down(reason) => (DeviceState::Connecting, reason),
            Line::Silent => (DeviceState::Degraded, Some(DownReason::NoAnswer)),
            Line::Up if board.restriction.is_some() => {
                (DeviceState::Restricted, Some(DownReason::Restricted))
            }
            Line::Up => (DeviceState::Connected, None),
            Line::Over(reason) => (state_of(reason), Some(reason)),
        };
        let until = match state {
            DeviceState::Restricted => board.restriction.as_ref().and_then(|restriction| restriction.until),
            DeviceState::LoggedOut => board.banned_until,
            _ => None,
        };
        Health {
            last_frame_at: board.last_frame_at,
            last_ack_at: board.last_ack_at,
            until,
            ..Health::new(state, reason)
        }
    }
}

fn state_of(reason: DownReason) -> DeviceState {
    match reason {
        DownReason::ReplacedElsewhere => DeviceState::Replaced,
        DownReason::Paused | DownReason::VersionOutdated => DeviceState::Stopped,
        _ => DeviceState::LoggedOut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn every_line_has_a_state_and_a_reason() {
        let board = HealthBoard::new();
        for (line, state, reason) in [
            (Line::Down(None), DeviceState::Connecting, None),
            (
                Line::Down(Some(DownReason::Disconnected)),
                DeviceState::Connecting,
                Some(DownReason::Disconnected),
            ),
            (Line::Up, DeviceState::Connected, None),
            (Line::Silent, DeviceState::Degraded, Some(DownReason::NoAnswer)),
            (Line::Over(DownReason::LoggedOut), DeviceState::LoggedOut, Some(DownReason::LoggedOut)),
            (Line::Over(DownReason::Banned), DeviceState::LoggedOut, Some(DownReason::Banned)),
            (
                Line::Over(DownReason::ReplacedElsewhere),
                DeviceState::Replaced,
                Some(DownReason::ReplacedElsewhere),
            ),
            (
                Line::Over(DownReason::VersionOutdated),
                DeviceState::Stopped,
                Some(DownReason::VersionOutdated),
            ),
        ] {
            board.set_line(line);
            assert_eq!((board.health().state, board.health().reason), (state, reason), "{line:?}");
        }
    }

    #[test]
    fn a_restriction_ends_when_a_refused_chat_is_served_or_after_a_day() {
        let board = HealthBoard::new();
        board.set_line(Line::Up);
        board.refused("6281", at(0));
        assert_eq!(board.health().state, DeviceState::Restricted);
        assert!(!board.accepted("6282"), "a known contact proves nothing");
        assert_eq!(board.health().state, DeviceState::Restricted);
        assert!(board.accepted("6281"));
        assert_eq!(board.health().state, DeviceState::Connected);

        board.refused("6281", at(0));
        board.refused("6283", at(100));
        let day = 24 * 3600;
        assert!(!board.expire(at(day + 99)), "a day from the last refusal");
        assert!(board.expire(at(day + 100)));
        assert_eq!(board.health().state, DeviceState::Connected);
    }

    #[test]
    fn an_end_that_whatsapp_tells_is_believed_and_shown() {
        let board = HealthBoard::new();
        board.set_line(Line::Up);
        board.restricted_until(at(500));
        assert_eq!(board.refusal(), None);
        board.refused("6281", at(0));
        board.restricted_until(at(500));
        assert_eq!(board.health().until, Some(at(500)));
        let refusal = board.refusal().unwrap();

        let restarted = HealthBoard::new();
        restarted.restore(refusal);
        restarted.set_line(Line::Up);
        assert_eq!(restarted.health().until, Some(at(500)));
        assert!(restarted.expire(at(500)));
    }

    #[test]
    fn evidence_never_goes_back() {
        let board = HealthBoard::new();
        board.answered_at(at(10));
        board.frame_at(at(5));
        assert_eq!(board.health().last_frame_at, Some(at(10)));
        board.frame_at(at(12));
        assert_eq!((board.health().last_frame_at, board.health().last_ack_at), (Some(at(12)), Some(at(10))));
    }
}
