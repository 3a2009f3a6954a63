//! SQLite's one writer: it takes the first command that comes, drains what has queued behind it, and commits all of them
//! together. One fsync for many callers, and no artificial wait: the batch grows by itself while a commit is under way.
//!
//! One command that fails does not fail its neighbours. Callers are answered after the COMMIT,
//! never before. When the database itself fails (full disk, I/O error) the whole batch is `Unavailable`, the connection is
//! replaced, and the next batch tries anew: the writer itself never ends before the store does.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Accepted, Result, StoreError,
    accept::{self, Acceptance, Prepared},
    db::{Conn, Context, Tx, Work, execute},
    statement::Sql,
};

/// How long a lock of another process (a backup tool, `sqlite3`) is waited for, in milliseconds.
macro_rules! busy_millis {
    () => {
        5000
    };
}
/// The same.
pub(crate) const BUSY: Duration = Duration::from_millis(busy_millis!());
/// Commands that may wait; one more is refused, so that overload shows at the door.
pub(crate) const QUEUE: usize = 4096;
/// Commands in one transaction, at most.
pub(crate) const BATCH: usize = 512;

const BEGIN: Sql = Sql::sqlite_only("BEGIN IMMEDIATE");
const COMMIT: Sql = Sql::sqlite_only("COMMIT");
const ROLLBACK: Sql = Sql::sqlite_only("ROLLBACK");
const SAVEPOINT: Sql = Sql::sqlite_only("SAVEPOINT command");
const RELEASE: Sql = Sql::sqlite_only("RELEASE command");
const UNDO: Sql = Sql::sqlite_only("ROLLBACK TO command");
// Whoever reads an older state, as a backup does for minutes, keeps the log from starting over: then it is not waited for, for all
// who write would wait with us.
const AT_ONCE: Sql = Sql::sqlite_only("PRAGMA busy_timeout = 0");
const PATIENT: Sql = Sql::sqlite_only(concat!("PRAGMA busy_timeout = ", busy_millis!()));
const CHECKPOINT: Sql = Sql::sqlite_only("PRAGMA wal_checkpoint(RESTART)");
const FOLD: Sql = Sql::sqlite_only("PRAGMA wal_checkpoint(TRUNCATE)");

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] =
    &[BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, UNDO, AT_ONCE, PATIENT, CHECKPOINT, FOLD];

/// What the writer is asked to do.
pub(crate) enum Command {
    /// A send to accept, with those of other callers in one go.
    Accept(Box<Acceptance>),
    /// Anything else.
    Write(Box<dyn Write>),
    /// The write-ahead log has grown: start it over between two batches.
    Checkpoint,
}

/// A command whose result waits for the commit.
pub(crate) trait Write: Send {
    /// Runs it and keeps the result; the error, if there is one, says what to do with the transaction.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Answers the caller: with the result, or with what became of the transaction.
    fn finish(self: Box<Self>, failed: Option<StoreError>);
}

/// An operation, its arguments, and who waits for it.
pub(crate) struct Pending<A, T> {
    args: A,
    work: Work<A, T>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<A, T> Pending<A, T> {
    pub(crate) fn new(args: A, work: Work<A, T>) -> (Self, oneshot::Receiver<Result<T>>) {
        let (reply, answer) = oneshot::channel();
        (Self { args, work, result: None, reply }, answer)
    }
}

impl<A: Send + Sync, T: Send> Write for Pending<A, T> {
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            // A bug in one operation must not end the writer that all share.
            let outcome = AssertUnwindSafe((self.work)(tx, &self.args)).catch_unwind().await;
            let result = outcome.unwrap_or_else(|_| Err(StoreError::internal("an operation panicked")));
            let verdict = result.as_ref().map(|_| ()).map_err(StoreError::shared);
            self.result = Some(result);
            verdict
        })
    }

    fn finish(self: Box<Self>, failed: Option<StoreError>) {
        let result = match (failed, self.result) {
            // What it found by itself is as true as before; what it did is undone.
            (Some(failed), Some(Ok(_)) | None) => Err(failed),
            (_, Some(result)) => result,
            (None, None) => Err(StoreError::internal("a command was not run")),
        };
        // Nobody waits any more: the caller went away. What was asked is done all the same.
        let _ = self.reply.send(result);
    }
}

/// The writer, on a thread of its own: it waits for SQLite where it stands. It ends when the store is closed or dropped, after what had
/// been handed in, and after `checkpoints`.
pub(crate) async fn run(
    connect: impl Fn() -> Result<Conn>,
    ctx: Arc<Context>,
    mut commands: mpsc::Receiver<Command>,
    closing: CancellationToken,
    checkpoints: JoinHandle<()>,
) {
    let mut tx = None;
    let mut batch = Vec::with_capacity(BATCH);
    while take(&mut commands, &closing, &mut batch).await {
        if tx.is_none() {
            tx = match connect() {
                Ok(conn) => Some(Tx::sqlite(conn, Arc::clone(&ctx))),
                Err(error) => {
                    fail(std::mem::take(&mut batch), &error);
                    continue;
                }
            };
        }
        // One that failed is closed.
        if let Some(mut open) = tx.take() {
            match write(&mut open, std::mem::take(&mut batch)).await {
                Ok(Fit::Yes) => tx = Some(open),
                Ok(Fit::No) => {}
                Err(error) => {
                    tracing::warn!(%error, "a batch of writes failed; none of it was stored");
                    metrics::counter!("cetar_store_failed_batches_total").increment(1);
                }
            }
        }
    }
    // Two cannot fold the log at once, and the other gives up at once.
    let _ = checkpoints.await;
    if let Some(mut tx) = tx
        && let Err(error) = execute!(tx, FOLD)
    {
        tracing::debug!(%error, "the write-ahead log was not folded in");
    }
}

/// Waits for a command and takes it with those behind it; false when the store is closed and nothing is left.
async fn take(
    commands: &mut mpsc::Receiver<Command>,
    closing: &CancellationToken,
    batch: &mut Vec<Command>,
) -> bool {
    let first = if commands.is_closed() {
        commands.recv().await
    } else {
        tokio::select! {
            biased;
            first = commands.recv() => first,
            () = closing.cancelled() => {
                commands.close();
                commands.recv().await
            }
        }
    };
    let Some(first) = first else { return false };
    batch.push(first);
    while batch.len() < BATCH
        && let Ok(next) = commands.try_recv()
    {
        batch.push(next);
    }
    true
}

fn fail(batch: Vec<Command>, error: &StoreError) {
    for command in batch {
        match command {
            Command::Accept(acceptance) => acceptance.answer(Err(error.shared())),
            Command::Write(write) => write.finish(Some(error.shared())),
            Command::Checkpoint => {}
        }
    }
}

/// Whether a connection serves another batch.
#[derive(Clone, Copy)]
enum Fit {
    Yes,
    No,
}

/// Starts the write-ahead log over, if nobody reads what it held.
async fn start_over(tx: &mut Tx) -> Fit {
    let done = async {
        execute!(tx, AT_ONCE)?;
        execute!(tx, CHECKPOINT)
    };
    if let Err(error) = done.await {
        tracing::debug!(%error, "the write-ahead log was not started over");
    }
    match execute!(tx, PATIENT) {
        Ok(_) => Fit::Yes,
        // It would wait for no lock of another process ever after.
        Err(error) => {
            tracing::warn!(%error, "the writer's connection is replaced");
            Fit::No
        }
    }
}

/// One transaction around a batch. An error means that nothing of it was stored and that everyone has been told.
async fn write(tx: &mut Tx, batch: Vec<Command>) -> Result<Fit> {
    let started = Instant::now();
    let size = batch.len();
    let mut sends = Vec::new();
    let mut writes = Vec::new();
    let mut checkpoint = false;
    for command in batch {
        match command {
            Command::Accept(acceptance) => sends.push(*acceptance),
            Command::Write(write) => writes.push(write),
            Command::Checkpoint => checkpoint = true,
        }
    }
    let fit = if checkpoint { start_over(tx).await } else { Fit::Yes };
    if sends.is_empty() && writes.is_empty() {
        return Ok(fit);
    }
    let (sends, replies): (Vec<Prepared>, Vec<_>) = sends.into_iter().map(Acceptance::split).unzip();
    tx.listeners.clear();
    match transaction(tx, &sends, &mut writes).await {
        Ok(accepted) => {
            tx.committed();
            metrics::histogram!("cetar_store_commit_seconds").record(started.elapsed());
            #[expect(clippy::cast_precision_loss, reason = "at most 512")]
            metrics::histogram!("cetar_store_batch_size").record(size as f64);
            for (reply, result) in replies.into_iter().zip(accepted) {
                let _ = reply.send(result);
            }
            for write in writes {
                write.finish(None);
            }
            Ok(fit)
        }
        Err(error) => {
            // SQLite may have rolled back by itself; then this fails, and that is fine.
            let _ = execute!(tx, ROLLBACK);
            for reply in replies {
                let _ = reply.send(Err(error.shared()));
            }
            for write in writes {
                write.finish(Some(error.shared()));
            }
            Err(error)
        }
    }
}

/// Runs everything without savepoints first, which is two statements less for each command; if one command fails, all of it
/// is undone and run again with them. Commands can be run twice: they borrow what they are given.
async fn transaction(
    tx: &mut Tx,
    sends: &[Prepared],
    writes: &mut [Box<dyn Write>],
) -> Result<Vec<Result<Accepted>>> {
    execute!(tx, BEGIN)?;
    match all_or_nothing(tx, sends, writes).await {
        Ok(accepted) => {
            execute!(tx, COMMIT)?;
            return Ok(accepted.into_iter().map(Ok).collect());
        }
        Err(error @ StoreError::Unavailable(_)) => return Err(error),
        Err(_) => execute!(tx, ROLLBACK)?,
    };
    tx.listeners.clear();
    execute!(tx, BEGIN)?;
    let accepted = one_by_one(tx, sends, writes).await?;
    execute!(tx, COMMIT)?;
    Ok(accepted)
}

async fn all_or_nothing(
    tx: &mut Tx,
    sends: &[Prepared],
    writes: &mut [Box<dyn Write>],
) -> Result<Vec<Accepted>> {
    let accepted = if sends.is_empty() { Vec::new() } else { accept(tx, sends).await? };
    for write in writes {
        write.run(tx).await?;
    }
    Ok(accepted)
}

/// Accepts sends. A bug in it must not end the writer either.
async fn accept(tx: &mut Tx, sends: &[Prepared]) -> Result<Vec<Accepted>> {
    let outcome = AssertUnwindSafe(accept::accept(tx, sends)).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(StoreError::internal("accepting panicked")))
}

/// Each command for itself, so that only the bad ones are refused.
async fn one_by_one(
    tx: &mut Tx,
    sends: &[Prepared],
    writes: &mut [Box<dyn Write>],
) -> Result<Vec<Result<Accepted>>> {
    let mut accepted = Vec::with_capacity(sends.len());
    if !sends.is_empty() {
        execute!(tx, SAVEPOINT)?;
        let outcome = accept(tx, sends).await;
        end(tx, outcome.as_ref().err()).await?;
        accepted.extend(outcome.into_iter().flatten().map(Ok));
    }
    for send in &sends[accepted.len()..] {
        execute!(tx, SAVEPOINT)?;
        let outcome = accept(tx, std::slice::from_ref(send)).await.map(|mut one| one.pop());
        end(tx, outcome.as_ref().err()).await?;
        accepted.extend(outcome.transpose());
    }
    for write in writes {
        execute!(tx, SAVEPOINT)?;
        let outcome = write.run(tx).await;
        end(tx, outcome.as_ref().err()).await?;
    }
    Ok(accepted)
}

/// Keeps what a command did, or undoes it.
async fn end(tx: &mut Tx, error: Option<&StoreError>) -> Result<()> {
    match error {
        None => {}
        Some(error @ StoreError::Unavailable(_)) => return Err(error.shared()),
        Some(_) => {
            tx.listeners.clear();
            execute!(tx, UNDO)?;
        }
    }
    execute!(tx, RELEASE)?;
    Ok(())
}
