//! What is asked of the database until it answers: whatsapp-rust gives up for good what fails here once.

use std::{fmt::Display, time::Duration};

use super::SessionStore;

/// How soon what failed is tried again.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// No connection of a session that was ended lives so long.
const LONG_OVER: Duration = Duration::from_secs(30);

tokio::task_local! {
    /// Set in futures that would rather fail than wait.
    static PROMPT: ();
}

/// In this future what fails is an error at once.
pub(crate) async fn promptly<F: Future>(future: F) -> F::Output {
    PROMPT.scope((), future).await
}

impl SessionStore {
    /// Waits until what failed may be tried again; `false`: it is not to be, because somebody would rather have an error, or nobody
    /// would hear the answer.
    pub(crate) async fn may_try_again(&self, what: &'static str, error: &(impl Display + Sync)) -> bool {
        PROMPT.try_with(|()| ()).is_err() && self.may_try_on(what, error).await
    }

    /// The same of what comes in, in whose future ever: a send that writes its keys commits with them what others wrote meanwhile.
    pub(crate) async fn may_try_on(&self, what: &'static str, error: &(impl Display + Sync)) -> bool {
        tracing::debug!(%error, what, "not now");
        // With a lost lease the session is ending, and the message is the next one's: it must not be refused on what is left
        // of this line.
        let lost = self.lease_lost.is_cancelled();
        let wait = tokio::time::sleep(if lost { LONG_OVER } else { ASK_AGAIN });
        let is_there = self.line_is_gone.run_until_cancelled(wait).await.is_some();
        is_there && !lost
    }
}
