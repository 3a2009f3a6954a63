//! Settling: what came of an attempt, in one transaction.

use cetar_model::{AttemptOutcome, FailureCode, Fate, JobState, MessageState, Receipt, Timestamp};

use crate::{
    Outcome, Result, Settlement, Store, StoreError,
    db::{Tx, execute, plain},
    lanes::{self, Failure, Work},
    reachable,
    statement::statements,
};

/// The [outcomes](AttemptOutcome::may_be_out) after which a message may be with its recipient although nobody says so.
macro_rules! may_be_out {
    () => {
        "'unknown', 'partly_sent'"
    };
}
pub(crate) use may_be_out;

statements! {
    SETTLE = "UPDATE jobs SET state = $4, at_head = $5, run_at = $6, attempts = $7, crashes = $8, worker = NULL, \
                lease_until = NULL, finished_at = $9 \
              WHERE id = $1 AND worker = $2 AND lease_token = $3 AND state = 'running'";
    ATTEMPT = "INSERT INTO job_attempts (job, lease_token, attempt, started_at, ended_at, outcome, detail) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REMOTE_ID = "UPDATE messages SET remote_id = $2 WHERE id = $1";
}

impl Store {
    /// Writes the outcome: job, attempt history, message, event and deliveries in one transaction. `LeaseLost` if the lease is not
    /// held any more. Where the network already has the message (a receipt came first) the job is done whatever the outcome says.
    ///
    /// A job whose message a receipt failed while the attempt was under way ends dead in the same manner.
    pub async fn settle(&self, settlement: Settlement) -> Result<()> {
        self.write(settlement, |tx, settlement| Box::pin(settle(tx, settlement))).await
    }
}

async fn settle(tx: &mut Tx, settlement: &Settlement) -> Result<()> {
    let Settlement { job, node, lease_token, started_at, now, outcome, crashed } = settlement;
    let mut work = lanes::load(tx, job).await?.ok_or(StoreError::LeaseLost)?;

    // A receipt is evidence, the outcome of an attempt is belief: what a receipt decided stays decided.
    let open = work.message_state == MessageState::Sending;
    let state = match outcome {
        _ if !open => lanes::follows(work.message_state),
        Outcome::Sent { .. } => JobState::Done,
        Outcome::Again { .. } => JobState::Ready,
        Outcome::Failed { .. } | Outcome::Unknown { .. } => JobState::Dead,
    };
    let again = state == JobState::Ready;
    let (run_at, counts) = match outcome {
        Outcome::Again { run_at, counts, .. } => (*run_at, *counts),
        Outcome::Sent { .. } | Outcome::Failed { .. } | Outcome::Unknown { .. } => (work.run_at, true),
    };
    let hit = execute!(
        tx,
        SETTLE,
        job.as_str(),
        node,
        lease_token,
        state.as_str(),
        again && work.at_head,
        run_at.as_micros(),
        i64::from(work.attempts.saturating_sub(u32::from(!counts))),
        if *crashed { i64::from(work.crashes) } else { 0 },
        (!again).then_some(now.as_micros()),
    )?;
    if hit != 1 {
        return Err(StoreError::LeaseLost);
    }
    note_attempt(tx, settlement, &work, *started_at, *now).await?;
    if let Outcome::Sent { remote_id } = outcome
        && work.remote_id.as_ref() != Some(remote_id)
    {
        execute!(tx, REMOTE_ID, work.message.as_str(), remote_id)?;
    }
    if open {
        let (fate, failure) = fate(outcome);
        lanes::advance(tx, &mut work, fate, failure, *now, *now).await?;
    }
    note_reach(tx, &work, outcome, *now).await?;
    // A head that goes out again stays where it is.
    if !(again && work.at_head) {
        lanes::promote(tx, &work.conversation).await?;
    }
    Ok(())
}

/// An attempt shows whether the other side wants messages: the network may have told of it while nobody listened.
async fn note_reach(tx: &mut Tx, work: &Work, outcome: &Outcome, now: Timestamp) -> Result<()> {
    let reachable = match outcome {
        Outcome::Sent { .. } => true,
        Outcome::Failed { code: FailureCode::RecipientBlocked | FailureCode::NotAMember, .. } => false,
        Outcome::Failed { .. } | Outcome::Again { .. } | Outcome::Unknown { .. } => return Ok(()),
    };
    if reachable == work.unreachable {
        reachable::note(tx, &work.device, &work.chat, reachable, now, now).await?;
    }
    Ok(())
}

fn fate(outcome: &Outcome) -> (Fate, Option<Failure>) {
    match outcome {
        Outcome::Sent { .. } => (Fate::Receipt(Receipt::Accepted), None),
        Outcome::Again { .. } => (Fate::Returned, None),
        Outcome::Failed { code, provider_code, .. } => {
            let provider_code = provider_code.as_deref().map(|code| plain(code).into_owned());
            (Fate::GivenUp, Some((*code, provider_code)))
        }
        Outcome::Unknown { .. } => (Fate::Lost, None),
    }
}

/// One line of history a claim: the lease token tells them apart where an attempt did not count.
async fn note_attempt(
    tx: &mut Tx,
    settlement: &Settlement,
    work: &Work,
    started_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let (class, detail) = match &settlement.outcome {
        Outcome::Sent { .. } => (AttemptOutcome::Sent, None),
        Outcome::Again { class, detail, .. } => (*class, Some(detail.as_str())),
        Outcome::Failed { detail, .. } => (AttemptOutcome::Failed, detail.as_deref()),
        Outcome::Unknown { detail } => (AttemptOutcome::Unknown, Some(detail.as_str())),
    };
    execute!(
        tx,
        ATTEMPT,
        work.job.as_str(),
        settlement.lease_token,
        i64::from(work.attempts),
        started_at.as_micros(),
        now.as_micros(),
        class.as_str(),
        detail.map(plain),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_policy_agree_on_what_may_be_out() {
        let words: Vec<String> = AttemptOutcome::ALL
            .iter()
            .filter(|outcome| outcome.may_be_out())
            .map(|outcome| format!("'{outcome}'"))
            .collect();
        assert_eq!(may_be_out!(), words.join(", "));
    }
}
