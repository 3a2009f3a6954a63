//! The tasks that accept on PostgreSQL: each commits what many callers handed in, and answers them.
//!
//! **A commit whose answer is lost** may have been done: the server says that it is going away after it wrote the commit, or the
//! connection breaks in between. To answer "not stored" would make the client send again, and one message two. So what was
//! in that commit is handed in once more, as it was, under the ids it had: either that is refused because the ids are there
//! (then it was done, and the first answer holds), or it is stored now. The batches that follow do not wait for this.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::PgPool;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::attempt;
use crate::{
    Accepted, Result, StoreError,
    accept::{self, Acceptance, Prepared},
    db::{Context, Tx},
    store::Failed,
    writer::BATCH,
};

/// How long is asked what became of a commit, before callers are told that nobody knows. A server that restarts is back within
/// it; the dashboard waits for 20 seconds, other clients of HTTP commonly for 30, and the answer is to find them there.
const DOUBT: Duration = Duration::from_secs(15);
/// Between two questions, while the server refuses connections at once.
const AGAIN: Duration = Duration::from_millis(100);

type Reply = oneshot::Sender<Result<Accepted>>;

/// What the accepting tasks share.
#[derive(Clone)]
pub(super) struct Acceptor {
    /// Theirs alone.
    pub(super) pool: PgPool,
    pub(super) ctx: Arc<Context>,
    /// One waits in it, drains it, and lets the next wait.
    pub(super) queue: Arc<Mutex<mpsc::Receiver<Acceptance>>>,
    pub(super) tasks: TaskTracker,
    pub(super) closing: CancellationToken,
}

impl Acceptor {
    pub(super) async fn run(self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            {
                let mut queue = self.queue.lock().await;
                if queue.is_closed() {
                    queue.recv_many(&mut batch, BATCH).await;
                } else {
                    tokio::select! {
                        biased;
                        _ = queue.recv_many(&mut batch, BATCH) => {}
                        () = self.closing.cancelled() => {
                            queue.close();
                            continue;
                        }
                    }
                }
            }
            if batch.is_empty() {
                break;
            }
            self.accept(std::mem::take(&mut batch)).await;
        }
    }

    async fn accept(&self, batch: Vec<Acceptance>) {
        #[expect(clippy::cast_precision_loss, reason = "at most 512")]
        metrics::histogram!("cetar_store_batch_size").record(batch.len() as f64);
        let (sends, replies): (Vec<Prepared>, Vec<Reply>) = batch.into_iter().map(Acceptance::split).unzip();
        let refused = self.commit(sends, replies).await;
        // One bad row must not fail its neighbours.
        if let Some((sends, replies, error)) = refused {
            if sends.len() == 1 {
                answer(replies, Err(error));
                return;
            }
            for (send, reply) in sends.into_iter().zip(replies) {
                if let Some((_, replies, error)) = self.commit(vec![send], vec![reply]).await {
                    answer(replies, Err(error));
                }
            }
        }
    }

    /// Commits them and answers. Gives them back if a statement was refused.
    async fn commit(
        &self,
        sends: Vec<Prepared>,
        replies: Vec<Reply>,
    ) -> Option<(Vec<Prepared>, Vec<Reply>, StoreError)> {
        match attempt(&self.pool, &self.ctx, &sends, all).await {
            Ok(accepted) => answer(replies, Ok(accepted)),
            Err(Failed::NotDone(error @ StoreError::Unavailable(_))) => {
                tracing::warn!(%error, "a batch of sends was not accepted");
                metrics::counter!("cetar_store_failed_batches_total").increment(1);
                answer(replies, Err(error));
            }
            Err(Failed::NotDone(error)) => return Some((sends, replies, error)),
            Err(Failed::InDoubt(accepted, error)) => {
                tracing::warn!(%error, "whether a batch of sends was committed is not known; asking");
                metrics::counter!("cetar_store_doubtful_batches_total").increment(1);
                let this = self.clone();
                self.tasks.spawn(async move {
                    let resolved = tokio::select! {
                        resolved = tokio::time::timeout(DOUBT, this.resolve(&sends, accepted)) => resolved.ok(),
                        () = this.closing.cancelled() => None,
                    };
                    if resolved.is_none() {
                        tracing::error!(sends = sends.len(), "whether these sends were accepted could not be found out");
                    }
                    answer(replies, resolved.unwrap_or(Err(StoreError::InDoubt)));
                });
            }
        }
        None
    }

    /// What became of sends whose commit was not answered, where `first` is what it would have been.
    async fn resolve(&self, sends: &Vec<Prepared>, first: Vec<Accepted>) -> Result<Vec<Accepted>> {
        let mut first = first;
        loop {
            match attempt(&self.pool, &self.ctx, sends, all).await {
                Ok(again) => return Ok(own(sends, again)),
                // The ids are these sends' own: so they are stored, all of them.
                Err(Failed::NotDone(StoreError::Conflict)) => return Ok(first),
                Err(Failed::NotDone(StoreError::Unavailable(_))) => tokio::time::sleep(AGAIN).await,
                Err(Failed::NotDone(error)) => {
                    tracing::error!(%error, "sends that went through once were refused");
                    return Err(StoreError::InDoubt);
                }
                // If the first had been done, this one would not have come to its commit, unless it stored nothing.
                Err(Failed::InDoubt(again, _)) => first = own(sends, again),
            }
        }
    }
}

/// A repeat that meets its own idempotency key is no replay: it is the send that was stored under it.
fn own(sends: &[Prepared], mut answers: Vec<Accepted>) -> Vec<Accepted> {
    for (Prepared { send, .. }, answer) in sends.iter().zip(&mut answers) {
        if matches!(answer, Accepted::Replayed { job, .. } if *job == send.job) {
            *answer = Accepted::New;
        }
    }
    answers
}

/// Answers who waits; one who went away is not missed.
fn answer(replies: Vec<Reply>, outcome: Result<Vec<Accepted>>) {
    match outcome {
        Ok(accepted) => {
            for (reply, accepted) in replies.into_iter().zip(accepted) {
                let _ = reply.send(Ok(accepted));
            }
        }
        Err(error) => {
            for reply in replies {
                let _ = reply.send(Err(error.shared()));
            }
        }
    }
}

#[expect(clippy::ptr_arg, reason = "the arguments of an operation are owned by who runs it")]
fn all<'a>(tx: &'a mut Tx, sends: &'a Vec<Prepared>) -> BoxFuture<'a, Result<Vec<Accepted>>> {
    Box::pin(accept::accept(tx, sends))
}
