//! What follows an attempt: pure, no clock, no database.

use std::time::Duration;

use super::{Response, TransportError};

/// The schedule: how long each attempt waits after the one before, the first after the event; three days in all. Each wait is
/// up to a fifth shorter or longer.
pub const WAITS: [Duration; 12] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// Between attempts that the receiver understood and refused, after the second: asking again soon changes nothing, but a mended
/// configuration may.
const REFUSED: Duration = Duration::from_mins(10);

/// The longest wait a receiver can ask for with `Retry-After`.
const LONGEST_ASKED_FOR: Duration = Duration::from_hours(24);

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: the receiver has it.
    Delivered,
    /// Another attempt, after this long.
    Again(Duration),
    /// Nothing by itself: that was the last attempt.
    Dead,
    /// Nothing more to this endpoint: it said it is gone.
    EndpointGone,
}

/// Decides. `attempt` counts from 1; `random` spreads the waits, so that what failed together does not come back
/// together.
pub(super) fn next(attempt: u32, outcome: &Result<Response, TransportError>, random: u16) -> Next {
    let at_least = match outcome {
        Ok(Response { status: 200..=299, .. }) => return Next::Delivered,
        Ok(Response { status: 410, .. }) => return Next::EndpointGone,
        Ok(Response { status: 429 | 503, retry_after, .. }) => {
            retry_after.unwrap_or_default().min(LONGEST_ASKED_FOR)
        }
        // 408 and 425 are about this one request.
        Ok(Response { status: 400..=407 | 409..=424 | 426..=499, .. }) if attempt > 1 => REFUSED,
        // A redirect among them: it could lead anywhere, and the owner is better told.
        Ok(_) | Err(_) => Duration::ZERO,
    };
    let wait = usize::try_from(attempt).ok().and_then(|after| WAITS.get(after));
    match wait {
        Some(wait) => Next::Again(spread(*wait, random).max(at_least)),
        None => Next::Dead,
    }
}

/// Up to a fifth shorter or longer.
fn spread(wait: Duration, random: u16) -> Duration {
    let percent = 80 + u32::from(random) * 40 / u32::from(u16::MAX);
    wait * percent / 100
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const MIDDLE: u16 = u16::MAX / 2 + 1;

    fn after_answer(attempt: u32, status: u16, retry_after: Option<u64>) -> Next {
        let retry_after = retry_after.map(Duration::from_secs);
        next(attempt, &Ok(Response { status, retry_after, body: String::new(), whole: true }), MIDDLE)
    }

    fn after_cut(attempt: u32, random: u16) -> Next {
        next(attempt, &Err(TransportError { class: "other", detail: "cut".into() }), random)
    }

    #[rstest]
    #[case(1, "5s")]
    #[case(2, "30s")]
    #[case(3, "120s")]
    #[case(4, "600s")]
    #[case(5, "1800s")]
    #[case(6, "7200s")]
    #[case(7, "18000s")]
    #[case(8, "36000s")]
    #[case(9, "50400s")]
    #[case(10, "72000s")]
    #[case(11, "86400s")]
    fn a_failed_attempt_is_repeated_after_ever_longer(#[case] attempt: u32, #[case] wait: &str) {
        for next in [after_answer(attempt, 500, None), after_cut(attempt, MIDDLE)] {
            let Next::Again(after) = next else { panic!("no further attempt") };
            assert_eq!(format!("{after:?}"), wait);
        }
    }

    #[rstest]
    #[case::the_twelfth(12)]
    #[case::one_beyond(13)]
    #[case::far_beyond(u32::MAX)]
    fn the_last_attempt_is_followed_by_none(#[case] attempt: u32) {
        assert_eq!(after_cut(attempt, MIDDLE), Next::Dead);
        assert_eq!(after_answer(attempt, 503, Some(60)), Next::Dead);
        assert_eq!(after_answer(attempt, 204, None), Next::Delivered);
        assert_eq!(after_answer(attempt, 410, None), Next::EndpointGone);
    }

    #[test]
    fn the_attempts_span_three_days() {
        let days = WAITS.iter().sum::<Duration>().as_secs_f64() / 86_400.0;
        assert!((3.0..3.5).contains(&days), "{days}");
    }

    #[rstest]
    #[case::ok(200, Next::Delivered)]
    #[case::any_success(299, Next::Delivered)]
    #[case::not_quite(199, Next::Again(Duration::from_secs(5)))]
    #[case::moved(301, Next::Again(Duration::from_secs(5)))]
    #[case::moved_for_now(307, Next::Again(Duration::from_secs(5)))]
    #[case::unauthorised(401, Next::Again(Duration::from_secs(5)))]
    #[case::not_found(404, Next::Again(Duration::from_secs(5)))]
    #[case::gone(410, Next::EndpointGone)]
    #[case::failed(500, Next::Again(Duration::from_secs(5)))]
    fn only_success_ends_it_well_and_only_gone_ends_it_for_good(#[case] status: u16, #[case] expected: Next) {
        assert_eq!(after_answer(1, status, None), expected);
    }

    #[rstest]
    #[case::longer_than_ours(429, 60, 60)]
    #[case::longer_than_ours_while_unavailable(503, 60, 60)]
    #[case::shorter_than_ours(429, 1, 5)]
    #[case::longer_than_a_day(503, 1_000_000, 86_400)]
    #[case::with_another_status(500, 60, 5)]
    fn a_receiver_may_ask_for_time(#[case] status: u16, #[case] asked: u64, #[case] waits: u64) {
        assert_eq!(after_answer(1, status, Some(asked)), Next::Again(Duration::from_secs(waits)));
    }

    #[rstest]
    #[case::the_first(1, 401, 5)]
    #[case::the_second(2, 401, 600)]
    #[case::the_third(3, 422, 600)]
    #[case::later_ones(6, 404, 7_200)]
    #[case::a_timeout(2, 408, 30)]
    #[case::a_fault(2, 500, 30)]
    fn what_a_receiver_refuses_is_tried_again_slowly_after_the_second(
        #[case] attempt: u32,
        #[case] status: u16,
        #[case] waits: u64,
    ) {
        assert_eq!(after_answer(attempt, status, None), Next::Again(Duration::from_secs(waits)));
    }

    proptest! {
        #[test]
        fn waits_are_spread_by_a_fifth_at_most(attempt in 1..12_u32, random: u16) {
            let Next::Again(spread) = after_cut(attempt, random) else { panic!("no further attempt") };
            let wait = WAITS[attempt as usize];
            prop_assert!(spread >= wait * 4 / 5 && spread <= wait * 6 / 5, "{spread:?} for {wait:?}");
        }
    }
}
