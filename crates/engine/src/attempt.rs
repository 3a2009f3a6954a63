//! One attempt to send, and what is written down of it.
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use cetar_model::{
    AttemptOutcome, Chat, Content, Decision, FailureCode, MAX_ATTEMPTS, SendError, Sent, Timestamp, backoff,
    decide, ends_the_process,
};
use cetar_provider::Outbound;
use cetar_store::{ClaimedJob, Outcome, Settlement, StoreError};
use futures::FutureExt;

use crate::{
    Engine,
    insist::insist,
    leases::JobHold,
    media::{Fetches, NotFetched, is_here},
    pace::Turn,
    sessions::Live,
    trust::Trust,
};

/// Attempts that end with a medium that could not be fetched: about a minute of them. Its chat waits behind it.
const MAX_FETCHES: u32 = 6;

/// Makes one, from the claim to the outcome on disk. `turn` is what its network's pace gave it, `fetches` are those of its device. Returns
/// when the message may be tried again, if it may.
pub(crate) async fn make(
    engine: Engine,
    live: Arc<Live>,
    trust: Arc<Trust>,
    mut turn: Option<Turn>,
    fetches: Arc<Fetches>,
    job: ClaimedJob,
    hold: JobHold,
) -> Option<Timestamp> {
    let started_at = engine.now();
    let began = trust.begin(live.signals.times_told());
    let safe = live.provider.capabilities().resend_is_safe;
    let (mut crashed, mut found_down) = (false, false);
    // This claim is counted already, and may be what ends well.
    let outcome = if ends_the_process(job.crashes.saturating_sub(1)) {
        set_aside(may_be_out(&engine, &job).await)
    } else if started_at >= job.expires_at {
        Outcome::Failed { code: FailureCode::Expired, provider_code: None, detail: None }
    } else {
        match engine.with_media(&job, live.provider.capabilities(), &fetches).await {
            Ok(content) => {
                if let Some(typing) = turn.as_ref().and_then(Turn::typing) {
                    show_typing(&engine, &live, &job.to, typing).await;
                }
                if let Some(turn) = &mut turn {
                    turn.begin();
                }
                let result = send(&live, &job, content).await;
                crashed = result.is_none();
                if let (Some(turn), Some(Err(error))) = (&turn, &result)
                    && let SendError::SlowDown { retry_after } = of_the_rest(error)
                {
                    turn.slowed(*retry_after, engine.now());
                }
                let result =
                    result.unwrap_or_else(|| Err(SendError::Unknown("the provider panicked".into())));
                found_down = is_down(&result);
                let most = most_attempts(&engine, &job, &result).await;
                outcome(result, job.attempt, most, safe, engine.now())
            }
            Err(why) => match not_fetched(why, job.attempt, engine.now()) {
                Ok(outcome) => outcome,
                Err(until) => {
                    drop(turn);
                    return put_off(&engine, &job, until).await;
                }
            },
        }
    };
    // Both before the next of its chat can be claimed, or this one again: which it can from the moment it is settled.
    drop(turn);
    let again = match &outcome {
        Outcome::Again { .. } if found_down => {
            trust.found_down(began, engine.now());
            None
        }
        Outcome::Again { run_at, .. } => {
            trust.got_through();
            Some(*run_at)
        }
        Outcome::Sent { .. } | Outcome::Failed { .. } | Outcome::Unknown { .. } => {
            trust.got_through();
            None
        }
    };
    report(&outcome);
    hold.settles();
    settle(&engine, &job, started_at, outcome, crashed).await;
    drop(hold);
    again
}

/// Lets the account be seen typing, for so long. Whether the network showed it is no matter.
async fn show_typing(engine: &Engine, live: &Live, chat: &Chat, typing: Duration) {
    let over = engine.now() + typing;
    tokio::select! {
        shown = AssertUnwindSafe(live.session.typing(chat)).catch_unwind() => match shown {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "typing was not shown"),
            Err(_panic) => tracing::error!("the provider panicked while typing"),
        },
        () = engine.inner.clock.sleep_until(over) => {}
    }
    engine.progressed();
    engine.inner.clock.sleep_until(over).await;
}

/// One call of the provider. `None` if it panicked.
async fn send(live: &Live, job: &ClaimedJob, content: Content) -> Option<Result<Sent, SendError>> {
    let message = Outbound {
        id: job.message.clone(),
        to: job.to.clone(),
        content,
        reply_to: job.reply_to.clone(),
        tag: job.tag,
        attempt: job.attempt,
    };
    let result = AssertUnwindSafe(live.session.send(&message)).catch_unwind().await;
    if result.is_err() {
        tracing::error!("the provider panicked while sending");
    }
    result.ok()
}

/// Gives back a job for which nothing was tried. While it was held, its lease was renewed; dropping the hold ends that.
async fn put_off(engine: &Engine, job: &ClaimedJob, until: Timestamp) -> Option<Timestamp> {
    let claim = [(job.job.clone(), job.lease_token)];
    let given_back = engine.inner.store.unclaim(&engine.inner.node, &claim, engine.now(), Some(until)).await;
    if let Err(error) = given_back {
        tracing::warn!(%error, "a job could not be given back; its lease will expire");
    }
    engine.put_off_medium(job, until).await;
    Some(until)
}

/// What follows when a message's medium could not be fetched: nothing reached the network. Where nothing was tried, until when not.
fn not_fetched(why: NotFetched, attempt: u32, now: Timestamp) -> Result<Outcome, Timestamp> {
    Ok(match why {
        NotFetched::Refused { code, status, detail } => Outcome::Failed {
            code,
            provider_code: status.map(|status| status.to_string()),
            detail: Some(detail),
        },
        NotFetched::Later(detail, _) if attempt >= MAX_FETCHES => {
            Outcome::Failed { code: FailureCode::MediaUnreachable, provider_code: None, detail: Some(detail) }
        }
        NotFetched::Later(detail, not_before) => Outcome::Again {
            run_at: not_before.unwrap_or_default().max(now + backoff(attempt)),
            counts: true,
            class: AttemptOutcome::MediaNotFetched,
            detail,
        },
        NotFetched::Busy { until } => return Err(until),
    })
}

/// Settles a job whose process ended while it was being sent: nobody knows whether it was, and the same policy decides.
pub(crate) async fn settle_rescued(engine: &Engine, job: &ClaimedJob) -> Result<(), StoreError> {
    let device = engine.inner.store.device(&job.workspace, &job.device).await?;
    let provider = device.as_ref().and_then(|device| engine.provider_of(device));
    let safe = provider.is_some_and(|provider| provider.capabilities().resend_is_safe);
    let now = engine.now();
    let began = may_have_begun(job);
    let outcome = if ends_the_process(job.crashes) {
        set_aside(began || may_be_out(engine, job).await)
    } else {
        let cut = Err(if began {
            SendError::Unknown("the process ended during the attempt".into())
        } else {
            SendError::NotSent("the process ended while the medium was being fetched".into())
        });
        let most = most_attempts(engine, job, &cut).await;
        outcome(cut, job.attempt, most, safe, now)
    };
    let settlement = settlement(engine, job, now, outcome, true);
    match engine.inner.store.settle(settlement).await {
        // Somebody else rescued it, or a receipt came: then it is in good hands.
        Ok(()) | Err(StoreError::LeaseLost) => {}
        Err(error) => return Err(error),
    }
    engine.inner.sessions.wake(&job.device);
    engine.told();
    Ok(())
}

/// Of a message of which a part was sent, what the rest came to.
fn of_the_rest(error: &SendError) -> &SendError {
    match error {
        SendError::Partly(rest) => of_the_rest(rest),
        SendError::Rejected { .. }
        | SendError::SlowDown { .. }
        | SendError::NotSent(_)
        | SendError::Unknown(_)
        | SendError::AccountDown(_) => error,
    }
}

/// Whether it came to nothing because the account is down, be it only for the rest of a message.
fn is_down(result: &Result<Sent, SendError>) -> bool {
    result.as_ref().is_err_and(|error| matches!(of_the_rest(error), SendError::AccountDown(_)))
}

/// Whether the attempt whose end nobody saw can have reached the provider: not while its medium still has to be found, since the
/// message remembers what that is before it goes out.
fn may_have_begun(job: &ClaimedJob) -> bool {
    job.content.media().is_none_or(is_here)
}

/// Whether an attempt before this one may have brought the message, or a part of it, to the recipient. What cannot be asked may.
async fn may_be_out(engine: &Engine, job: &ClaimedJob) -> bool {
    match engine.inner.store.may_have_been_sent(&job.job).await {
        Ok(may) => may,
        Err(error) => {
            tracing::warn!(%error, "the attempts so far cannot be read");
            true
        }
    }
}

/// How many attempts a job has; asked only where it matters.
async fn most_attempts(engine: &Engine, job: &ClaimedJob, result: &Result<Sent, SendError>) -> Option<u32> {
    let at_the_end = matches!(result, Err(SendError::NotSent(_))) && job.attempt >= MAX_ATTEMPTS;
    let more = at_the_end && may_be_out(engine, job).await;
    (!more).then_some(MAX_ATTEMPTS)
}

/// A message over which the process ended again and again. "Failed" would say that nobody has it.
fn set_aside(may_be_out: bool) -> Outcome {
    if may_be_out {
        let detail =
            "the process ended again and again during the attempt; the message is set aside".to_owned();
        Outcome::Unknown { detail }
    } else {
        Outcome::Failed { code: FailureCode::WorkerCrashed, provider_code: None, detail: None }
    }
}

/// What an attempt came to, by the one retry policy.
fn outcome(
    result: Result<Sent, SendError>,
    attempt: u32,
    max_attempts: Option<u32>,
    resend_is_safe: bool,
    now: Timestamp,
) -> Outcome {
    let error = match result {
        Ok(Sent { remote_id }) => return Outcome::Sent { remote_id },
        Err(error) => error,
    };
    let class = match &error {
        SendError::Rejected { .. } => AttemptOutcome::Failed,
        SendError::SlowDown { .. } => AttemptOutcome::SlowDown,
        SendError::NotSent(_) => AttemptOutcome::NotSent,
        SendError::Unknown(_) => AttemptOutcome::Unknown,
        SendError::AccountDown(_) => AttemptOutcome::AccountDown,
        SendError::Partly(_) => AttemptOutcome::PartlySent,
    };
    let detail = error.to_string();
    match decide(&error, attempt, max_attempts, resend_is_safe) {
        Decision::Retry(after) => Outcome::Again { run_at: now + after, counts: true, class, detail },
        Decision::Postpone(after) => Outcome::Again { run_at: now + after, counts: false, class, detail },
        Decision::Hold => Outcome::Again { run_at: now, counts: false, class, detail },
        Decision::Unknown => Outcome::Unknown { detail },
        Decision::Fail(code) => {
            let (provider_code, detail) = refusal(error);
            Outcome::Failed { code, provider_code, detail }
        }
    }
}

/// The network's own code and words, where it refused; else what we say.
fn refusal(error: SendError) -> (Option<String>, Option<String>) {
    match error {
        SendError::Rejected { provider_code, detail, .. } => (provider_code, detail),
        SendError::Partly(rest) => {
            let (provider_code, detail) = refusal(*rest);
            let words = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
            (provider_code, Some(format!("a part was sent, the rest not{words}")))
        }
        SendError::SlowDown { .. }
        | SendError::NotSent(_)
        | SendError::Unknown(_)
        | SendError::AccountDown(_) => (None, Some(error.to_string())),
    }
}

fn report(outcome: &Outcome) {
    let class = match outcome {
        Outcome::Sent { .. } => AttemptOutcome::Sent,
        Outcome::Again { class, .. } => *class,
        Outcome::Failed { .. } => AttemptOutcome::Failed,
        Outcome::Unknown { .. } => AttemptOutcome::Unknown,
    }
    .as_str();
    metrics::counter!("cetar_attempts_total", "outcome" => class).increment(1);
    match outcome {
        Outcome::Sent { .. } => tracing::info!("sent"),
        Outcome::Again { run_at, .. } => tracing::info!(class, ?run_at, "another attempt follows"),
        Outcome::Failed { code, provider_code, .. } => tracing::info!(%code, provider_code, "failed"),
        Outcome::Unknown { .. } => tracing::warn!("it may have been sent"),
    }
}

fn settlement(
    engine: &Engine,
    job: &ClaimedJob,
    started_at: Timestamp,
    outcome: Outcome,
    crashed: bool,
) -> Settlement {
    Settlement {
        job: job.job.clone(),
        node: engine.inner.node.clone(),
        lease_token: job.lease_token,
        started_at,
        now: engine.now(),
        outcome,
        crashed,
    }
}

/// Puts an outcome on disk.
async fn settle(engine: &Engine, job: &ClaimedJob, started_at: Timestamp, outcome: Outcome, crashed: bool) {
    let settlement = settlement(engine, job, started_at, outcome, crashed);
    let write = || {
        let settlement = Settlement { now: engine.now(), ..settlement.clone() };
        engine.inner.store.settle(settlement)
    };
    match insist(engine.clock(), "the outcome of a send", write).await {
        Ok(()) => engine.told(),
        // Another process took the job for abandoned and has settled it as unknown.
        Err(StoreError::LeaseLost) => {
            tracing::warn!("the outcome came after the lease was lost and is dropped");
            engine.progressed();
        }
        // The lease will expire, and the job be rescued.
        Err(error) => tracing::error!(%error, "the outcome cannot be stored"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cetar_model::DownReason;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[test]
    fn an_account_that_is_down_is_found_so_even_between_the_parts_of_a_message() {
        let down = || SendError::AccountDown(DownReason::Disconnected);
        assert!(is_down(&Err(down())));
        assert!(is_down(&Err(SendError::Partly(Box::new(down())))));
        assert!(!is_down(&Err(SendError::Partly(Box::new(SendError::NotSent("refused".into()))))));
        assert!(!is_down(&Ok(Sent { remote_id: "3EB0".to_owned() })));
    }

    #[test]
    fn every_way_an_attempt_can_end_has_its_outcome() {
        let secs = Duration::from_secs;
        let again = |after, counts, class, detail: &str| Outcome::Again {
            run_at: NOW + after,
            counts,
            class,
            detail: detail.to_owned(),
        };
        let rejected = || SendError::Rejected {
            code: FailureCode::RejectedByNetwork,
            provider_code: Some("479".to_owned()),
            detail: Some("bad stanza".to_owned()),
        };
        let failed = |code, provider_code: Option<&str>, detail: &str| Outcome::Failed {
            code,
            provider_code: provider_code.map(str::to_owned),
            detail: Some(detail.to_owned()),
        };
        let partly = |rest| SendError::Partly(Box::new(rest));
        for (error, attempt, safe, expected) in [
            (rejected(), 1, true, failed(FailureCode::RejectedByNetwork, Some("479"), "bad stanza")),
            (
                partly(rejected()),
                1,
                true,
                failed(
                    FailureCode::RejectedByNetwork,
                    Some("479"),
                    "a part was sent, the rest not: bad stanza",
                ),
            ),
            (
                partly(SendError::SlowDown { retry_after: Some(secs(64)) }),
                1,
                false,
                again(
                    secs(64),
                    false,
                    AttemptOutcome::PartlySent,
                    "a part was sent; of the rest: asked to slow down",
                ),
            ),
            (
                SendError::SlowDown { retry_after: Some(secs(30)) },
                4,
                true,
                again(secs(30), false, AttemptOutcome::SlowDown, "asked to slow down"),
            ),
            (
                SendError::NotSent("refused".into()),
                2,
                true,
                again(secs(2), true, AttemptOutcome::NotSent, "not sent: refused"),
            ),
            (
                SendError::NotSent("refused".into()),
                MAX_ATTEMPTS,
                true,
                failed(FailureCode::AttemptsExhausted, None, "not sent: refused"),
            ),
            (
                SendError::Unknown("cut".into()),
                1,
                true,
                again(secs(1), true, AttemptOutcome::Unknown, "it is not known whether it was sent: cut"),
            ),
            (
                SendError::Unknown("cut".into()),
                1,
                false,
                Outcome::Unknown { detail: "it is not known whether it was sent: cut".to_owned() },
            ),
            (
                SendError::AccountDown(DownReason::Disconnected),
                1,
                true,
                again(secs(0), false, AttemptOutcome::AccountDown, "the account is down: disconnected"),
            ),
        ] {
            assert_eq!(outcome(Err(error), attempt, Some(MAX_ATTEMPTS), safe, NOW), expected);
        }
        let sent = outcome(Ok(Sent { remote_id: "3EB0".to_owned() }), 1, Some(MAX_ATTEMPTS), true, NOW);
        assert_eq!(sent, Outcome::Sent { remote_id: "3EB0".to_owned() });
    }
}
