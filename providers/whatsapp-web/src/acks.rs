//! Who waits for which acknowledgement.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

/// WhatsApp's answer to a message: taken, or its code of refusal.
pub(crate) type Answer = Result<(), String>;

/// All who wait. A message may have two waiters for a moment: an attempt that was given up and the next one, under the
/// same id. An answer serves both.
#[derive(Default)]
pub(crate) struct Acks(Mutex<HashMap<String, Waiting>>);

struct Waiting {
    chat: String,
    answers: Vec<oneshot::Sender<Answer>>,
}

impl Acks {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait. To be called before the message goes out: the answer can overtake the call that sends it.
    pub(crate) fn expect(self: &Arc<Self>, id: &str, chat: &str) -> Waiter {
        let (answer, receiver) = oneshot::channel();
        self.waiting()
            .entry(id.to_owned())
            .or_insert_with(|| Waiting { chat: chat.to_owned(), answers: Vec::new() })
            .answers
            .push(answer);
        Waiter { acks: Arc::clone(self), id: id.to_owned(), receiver }
    }

    /// The chat of a message that is waited for.
    pub(crate) fn chat_of(&self, id: &str) -> Option<String> {
        self.waiting().get(id).map(|waiting| waiting.chat.clone())
    }

    /// Gives the answer to all who wait for it. Says whether anyone did.
    pub(crate) fn resolve(&self, id: &str, error: Option<&str>) -> bool {
        let Some(waiting) = self.waiting().remove(id) else { return false };
        let answer = || error.map_or(Ok(()), |code| Err(code.to_owned()));
        let mut taken = false;
        for waiter in waiting.answers {
            taken |= waiter.send(answer()).is_ok();
        }
        taken
    }
}

/// Waits for one answer. Dropping it ends the wait.
pub(crate) struct Waiter {
    acks: Arc<Acks>,
    id: String,
    receiver: oneshot::Receiver<Answer>,
}

impl Waiter {
    /// The answer, once it is there.
    pub(crate) async fn answer(&mut self) -> Answer {
        match (&mut self.receiver).await {
            Ok(answer) => answer,
            // The sender lives in `acks` until it answers, and we hold `acks`.
            Err(_closed) => std::future::pending().await,
        }
    }

    /// The answer, if it is there.
    pub(crate) fn try_answer(&mut self) -> Option<Answer> {
        self.receiver.try_recv().ok()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.receiver.close();
        let mut all = self.acks.waiting();
        if let Some(waiting) = all.get_mut(&self.id) {
            waiting.answers.retain(|answer| !answer.is_closed());
            if waiting.answers.is_empty() {
                all.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_reaches_every_attempt_under_its_id() {
        let acks = Arc::new(Acks::default());
        let mut first = acks.expect("A", "6281");
        let mut second = acks.expect("A", "6281");
        assert_eq!(acks.chat_of("A").as_deref(), Some("6281"));
        assert!(!acks.resolve("B", None));
        assert_eq!(first.try_answer(), None);
        assert!(acks.resolve("A", Some("463")));
        assert_eq!(first.answer().await, Err("463".into()));
        assert_eq!(second.answer().await, Err("463".into()));
        assert_eq!(acks.chat_of("A"), None);
    }

    #[tokio::test]
    async fn an_attempt_that_is_given_up_takes_no_other_with_it() {
        let acks = Arc::new(Acks::default());
        let first = acks.expect("A", "6281");
        let mut second = acks.expect("A", "6281");
        drop(first);
        assert!(acks.resolve("A", None));
        assert_eq!(second.answer().await, Ok(()));
        drop(acks.expect("A", "6281"));
        assert_eq!(acks.chat_of("A"), None);
    }
}
