//! Whether a number has an account, asked now.
//!
//! Networks take many such questions for harvesting and close the account that asks them. So an answer is remembered for a while, and
//! each device has a budget, which its network's data names; what is over it is refused, not queued: who asks wants to know now. Whoever
//! asks the same through the same device meanwhile waits for the one answer. What is spent is stored before the question is asked, so that
//! the budget is one, over restarts and whichever node runs the device.
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use cetar_model::{Channel, DeviceId, DownReason, PhoneNumber, Timestamp};
use cetar_provider::{CheckError, CheckLimit, NumberCheck};
use cetar_store::StoreError;
use tokio::sync::OnceCell;

use crate::{Engine, accept::AcceptError, auth::Caller, lock};

/// Accounts are rarely deleted.
const REGISTERED: Duration = Duration::from_mins(10);
/// Someone may install WhatsApp right now.
const UNREGISTERED: Duration = Duration::from_mins(1);
/// More answers are not remembered at once.
const MOST_ANSWERS: usize = 20_000;
/// Beyond so many questions under way it is looked which of them nobody waits for any more.
const MOST_UNDER_WAY: usize = 1_000;
/// The longest a network may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The spans of a budget.
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// A number could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum NumberCheckError {
    /// No device to ask through.
    #[error(transparent)]
    Device(#[from] AcceptError),
    /// This channel has no such question.
    #[error("this channel cannot tell")]
    NotOnChannel,
    /// The device has asked too much lately.
    #[error("over the device's budget")]
    OverBudget {
        /// When one more may be asked.
        retry_after: Duration,
    },
    /// The device cannot ask now.
    #[error("the device is down: {0}")]
    Down(DownReason),
    /// No answer, or one not understood.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// It was not asked, because it could not be counted.
    #[error("the question could not be counted: {0}")]
    Uncounted(Arc<StoreError>),
}

/// A question, under way or answered.
type Flight = Arc<OnceCell<Result<NumberCheck, Unanswered>>>;

/// Why there is no answer, for all who wait for it.
#[derive(Debug, Clone)]
enum Unanswered {
    NotOnChannel,
    OverBudget(Duration),
    Down(DownReason),
    NoAnswer(String),
    Uncounted(Arc<StoreError>),
}

impl From<StoreError> for Unanswered {
    fn from(error: StoreError) -> Self {
        Self::Uncounted(Arc::new(error))
    }
}

impl From<Unanswered> for NumberCheckError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::NotOnChannel => Self::NotOnChannel,
            Unanswered::OverBudget(retry_after) => Self::OverBudget { retry_after },
            Unanswered::Down(reason) => Self::Down(reason),
            Unanswered::NoAnswer(why) => Self::NoAnswer(why),
            Unanswered::Uncounted(error) => Self::Uncounted(error),
        }
    }
}

/// What was asked lately.
#[derive(Default)]
pub(crate) struct Checks {
    under_way: Mutex<HashMap<(DeviceId, PhoneNumber), Flight>>,
    answers: Mutex<HashMap<(DeviceId, PhoneNumber), (NumberCheck, Timestamp)>>,
    /// Read from the database for the first question; stays true for as long as the device runs here.
    spent: Mutex<HashMap<DeviceId, Arc<OnceCell<Mutex<Spent>>>>>,
}

/// The questions of a device in the last 24 hours, oldest first.
#[derive(Default)]
struct Spent(VecDeque<Timestamp>);

impl Spent {
    /// Those that were stored: each at the end of its minute, so that what is known less exactly does not count for less.
    fn stored(asked: Vec<(Timestamp, usize)>, now: Timestamp) -> Self {
        Self(asked.into_iter().flat_map(|(at, times)| std::iter::repeat_n(at.min(now), times)).collect())
    }

    /// Takes one, or says when there will be one. In no minute and in no day are more let through.
    fn take(&mut self, limit: CheckLimit, now: Timestamp) -> Result<(), Duration> {
        let Self(log) = self;
        let now = log.back().map_or(now, |last| now.max(*last));
        while log.front().is_some_and(|oldest| now.since(*oldest) >= DAY) {
            log.pop_front();
        }
        let wait =
            [(limit.per_minute, MINUTE), (limit.per_day, DAY)].into_iter().filter_map(|(most, span)| {
                // The one that has to leave the span before another may enter it.
                let first = log.len().checked_sub(most)?;
                let leaves = log.get(first).map_or(now, |at| *at) + span;
                Some(leaves.since(now)).filter(|wait| !wait.is_zero())
            });
        if let Some(wait) = wait.max() {
            return Err(wait);
        }
        log.push_back(now);
        Ok(())
    }
}

impl Checks {
    fn answer(&self, asked: &(DeviceId, PhoneNumber), now: Timestamp) -> Option<NumberCheck> {
        lock(&self.answers).get(asked).filter(|(_, until)| now < *until).map(|(answer, _)| answer.clone())
    }

    /// The question under way, or a new one.
    fn join(&self, asked: &(DeviceId, PhoneNumber)) -> Flight {
        let mut all = lock(&self.under_way);
        if all.len() >= MOST_UNDER_WAY {
            // Those whose callers all went away before there was an answer.
            all.retain(|_, flight| Arc::strong_count(flight) > 1);
        }
        Arc::clone(all.entry(asked.clone()).or_default())
    }

    /// It is answered: whoever asks from now on asks anew.
    fn land(&self, asked: &(DeviceId, PhoneNumber), flight: &Flight) {
        let mut all = lock(&self.under_way);
        if all.get(asked).is_some_and(|it| Arc::ptr_eq(it, flight)) {
            all.remove(asked);
        }
    }

    fn remember(&self, asked: (DeviceId, PhoneNumber), answer: NumberCheck, now: Timestamp) {
        let mut answers = lock(&self.answers);
        if answers.len() >= MOST_ANSWERS {
            answers.retain(|_, (_, until)| now < *until);
            if answers.len() >= MOST_ANSWERS {
                answers.clear();
            }
        }
        let lasts = if answer.is_registered { REGISTERED } else { UNREGISTERED };
        answers.insert(asked, (answer, now + lasts));
    }

    /// Another node runs the device, or nobody does: what it asks there is not known here.
    pub(crate) fn forget(&self, device: &DeviceId) {
        lock(&self.spent).remove(device);
    }
}

impl Engine {
    /// Asks, through the device named or the only one that fits.
    pub async fn check_number(
        &self,
        caller: &Caller,
        channel: Channel,
        device: Option<&DeviceId>,
        number: &PhoneNumber,
    ) -> Result<NumberCheck, NumberCheckError> {
        let (device, provider) = self.choose_device(caller, channel, device).await?;
        let limit = provider.capabilities().check.ok_or(NumberCheckError::NotOnChannel)?;
        let health = self.health(&device);
        if !health.state.is_linked() {
            return Err(AcceptError::DeviceNotLinked(device.id).into());
        }
        let (checks, asked) = (&self.inner.checks, (device.id.clone(), number.clone()));
        if let Some(answer) = checks.answer(&asked, self.now()) {
            return Ok(answer);
        }
        let flight = checks.join(&asked);
        // Should the caller that asks go away, the next who waits asks.
        let down = health.reason.unwrap_or(DownReason::Disconnected);
        let answer = flight.get_or_init(|| self.ask_network(&asked, limit, down)).await.clone();
        checks.land(&asked, &flight);
        Ok(answer?)
    }

    async fn ask_network(
        &self,
        asked: &(DeviceId, PhoneNumber),
        limit: CheckLimit,
        down: DownReason,
    ) -> Result<NumberCheck, Unanswered> {
        let (checks, (device, number)) = (&self.inner.checks, asked);
        // Another question may have been answered since the answer was looked for.
        if let Some(answer) = checks.answer(asked, self.now()) {
            return Ok(answer);
        }
        // Nothing is taken from the budget for a question that cannot be asked.
        let live = self.inner.sessions.live(device).filter(|live| live.can_send());
        let live = live.ok_or(Unanswered::Down(down))?;
        self.spend(device, limit).await?;
        self.progressed();
        let answer = tokio::select! {
            answer = live.session.check(number) => answer,
            () = self.pause(PATIENCE) => Err(CheckError::Failed("it did not answer in time".into())),
        };
        match answer {
            Ok(answer) => {
                // What is not registered has no address, whatever the network calls it.
                let answer = NumberCheck { jid: answer.jid.filter(|_| answer.is_registered), ..answer };
                checks.remember(asked.clone(), answer.clone(), self.now());
                Ok(answer)
            }
            Err(CheckError::NotSupported) => Err(Unanswered::NotOnChannel),
            Err(CheckError::AccountDown(reason)) => Err(Unanswered::Down(reason)),
            Err(error @ CheckError::Failed(_)) => Err(Unanswered::NoAnswer(error.to_string())),
        }
    }
}

impl Engine {
    /// Takes one question from the device's budget, and has it on disk. One that could not be stored is spent all the same.
    async fn spend(&self, device: &DeviceId, limit: CheckLimit) -> Result<(), Unanswered> {
        let (store, now) = (&self.inner.store, self.now());
        let spent = Arc::clone(lock(&self.inner.checks.spent).entry(device.clone()).or_default());
        let stored = || async {
            let asked = store.number_checks(device, now).await?;
            Ok::<_, StoreError>(Mutex::new(Spent::stored(asked, now)))
        };
        let spent = spent.get_or_try_init(stored).await?;
        lock(spent).take(limit, now).map_err(Unanswered::OverBudget)?;
        Ok(store.count_number_check(device, now).await?)
    }
}

#[cfg(test)]
mod tests {
    use cetar_model::IdSource;

    use super::*;

    const LIMIT: CheckLimit = CheckLimit { per_minute: 2, per_day: 3 };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    #[test]
    fn a_budget_holds_in_any_minute_and_in_any_day() {
        let mut spent = Spent::default();
        let mut ask = |secs| spent.take(LIMIT, at(secs)).map_err(|wait| wait.as_secs());
        assert_eq!((ask(0), ask(30), ask(31)), (Ok(()), Ok(()), Err(29)));
        assert_eq!((ask(60), ask(61)), (Ok(()), Err(86_339)));
        assert_eq!(ask(86_400), Ok(()));
    }

    #[test]
    fn what_was_stored_counts_until_its_whole_minute_is_a_day_ago() {
        // Two in a minute that ended, one in the minute that runs.
        let mut spent = Spent::stored(vec![(at(0), 2), (at(90), 1)], at(70));
        let mut ask = |secs| spent.take(LIMIT, at(secs)).map_err(|wait| wait.as_secs());
        assert_eq!(ask(71), Err(86_400 - 71), "in no day more than three");
        assert_eq!((ask(86_400), ask(86_401), ask(86_470)), (Ok(()), Ok(()), Ok(())));
    }

    #[test]
    fn a_no_is_soon_forgotten() {
        let (checks, ids) = (Checks::default(), IdSource::new(|bytes| bytes.fill(1)));
        let device: DeviceId = ids.make(at(0));
        let asked = |number| (device.clone(), PhoneNumber::parse(number).unwrap());
        let answer = |is_registered| NumberCheck { is_registered, jid: None };
        checks.remember(asked("6281234567890"), answer(true), at(0));
        checks.remember(asked("6281234567891"), answer(false), at(0));
        let known = |number, secs| checks.answer(&asked(number), at(secs)).is_some();
        assert!(known("6281234567890", 599) && !known("6281234567890", 600));
        assert!(known("6281234567891", 59) && !known("6281234567891", 60));
    }
}
