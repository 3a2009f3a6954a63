//! How PostgreSQL is written to: sends to accept go through a few writers that commit many at once; everything else is its
//! own transaction on the pool, tried again where transactions collided.

use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions, Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::{Mutex, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Accepted, NewSend, OpenError, Result, Store, StoreError,
    accept::{self, Acceptance},
    db::{Conn, Context, Tx, Work},
    master, migrate,
    store::{Engine, Inner},
    writer::{BATCH, QUEUE},
};

/// Tasks that accept. Two keep one commit under way while the next batch is being written; more only make batches smaller.
const WRITERS: u32 = 2;
/// Connections for everything else.
const POOL: u32 = 10;
/// How long a connection is waited for. Short: a caller who is told `Unavailable` soon can do something else.
const ACQUIRE: Duration = Duration::from_secs(3);
/// Tries of a transaction that collides with others.
const TRIES: u32 = 10;
/// A transaction that takes longer is given up: its connection is most likely gone without a word.
const LIMIT: Duration = Duration::from_secs(15);

/// One operation in its own transaction.
pub(crate) async fn write<A, T>(pool: &PgPool, ctx: &Arc<Context>, args: &A, work: Work<A, T>) -> Result<T> {
    let mut tried = 1;
    loop {
        let started = Instant::now();
        let mut tx = Tx::begin(pool.acquire().await?, Arc::clone(ctx)).await?;
        let once = async {
            let value = work(&mut tx, args).await?;
            tx.commit().await?;
            Ok(value)
        };
        let Ok(outcome) = tokio::time::timeout(LIMIT, once).await else {
            return Err(StoreError::Unavailable("no answer in time".into()));
        };
        let Err(error) = outcome else {
            metrics::histogram!("cetar_store_commit_seconds").record(started.elapsed());
            return outcome;
        };
        tx.rollback().await;
        if !error.is_transient() {
            return Err(error);
        }
        metrics::counter!("cetar_store_collisions_total").increment(1);
        if tried == TRIES {
            return Err(StoreError::Unavailable("transactions keep colliding".into()));
        }
        tried += 1;
    }
}

/// One of the tasks that accept. They share the queue: one waits in it, drains it, and lets the next wait.
async fn accept_task(
    pool: PgPool,
    ctx: Arc<Context>,
    queue: Arc<Mutex<mpsc::Receiver<Acceptance>>>,
    closing: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        {
            let mut queue = queue.lock().await;
            if queue.is_closed() {
                queue.recv_many(&mut batch, BATCH).await;
            } else {
                tokio::select! {
                    biased;
                    _ = queue.recv_many(&mut batch, BATCH) => {}
                    () = closing.cancelled() => {
                        queue.close();
                        continue;
                    }
                }
            }
        }
        if batch.is_empty() {
            break;
        }
        accept_batch(&pool, &ctx, std::mem::take(&mut batch)).await;
    }
}

async fn accept_batch(pool: &PgPool, ctx: &Arc<Context>, batch: Vec<Acceptance>) {
    #[expect(clippy::cast_precision_loss, reason = "at most 512")]
    metrics::histogram!("cetar_store_batch_size").record(batch.len() as f64);
    let (sends, replies): (Vec<NewSend>, Vec<_>) = batch.into_iter().map(Acceptance::split).unzip();
    match write(pool, ctx, &sends, all).await {
        Ok(accepted) => {
            for (reply, result) in replies.into_iter().zip(accepted) {
                let _ = reply.send(Ok(result));
            }
        }
        Err(error @ StoreError::Unavailable(_)) => {
            tracing::warn!(%error, "a batch of sends was not accepted");
            metrics::counter!("cetar_store_failed_batches_total").increment(1);
            for reply in replies {
                let _ = reply.send(Err(error.shared()));
            }
        }
        // One bad row must not fail its neighbours.
        Err(_) => {
            for (send, reply) in sends.into_iter().zip(replies) {
                let _ = reply.send(write(pool, ctx, &vec![send], all).await.and_then(|mut accepted| {
                    accepted.pop().ok_or_else(|| StoreError::internal("a send was lost from its batch"))
                }));
            }
        }
    }
}

#[expect(clippy::ptr_arg, reason = "the arguments of an operation are owned by who runs it")]
fn all<'a>(tx: &'a mut Tx, sends: &'a Vec<NewSend>) -> BoxFuture<'a, Result<Vec<Accepted>>> {
    Box::pin(accept::accept(tx, sends))
}

/// Opens the pools. The accept writers have connections of their own: other work cannot keep them waiting, and each keeps
/// its prepared statements.
pub(crate) async fn open(url: &str, ctx: Arc<Context>) -> Result<Store, OpenError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| OpenError::Url("postgres://…".into()))?
        .application_name("cetar")
        .statement_cache_capacity(512)
        .options([
            ("statement_timeout", "10s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "20s"),
            // Every statement here is made for an index; a scan chosen from old statistics would be kept with the prepared
            // plan while the table grows under it.
            ("enable_seqscan", "off"),
            ("jit", "off"),
        ])
        .disable_statement_logging();
    let pool = pool(POOL).connect_lazy_with(options.clone());
    let mut conn = pool.acquire().await.map_err(|error| OpenError::reading(error.into()))?;
    // Both may refuse the database, and nothing has been written yet.
    let version = migrate::postgres_version(&mut conn).await?;
    let mut conn = Conn::Postgres(conn);
    if version > 0 {
        master::prove(&mut conn, &ctx).await?;
    }
    if let Conn::Postgres(conn) = &mut conn {
        migrate::migrate_postgres(conn).await?;
    }
    master::note(&mut conn, &ctx).await?;
    drop(conn);

    let (accepts, queue) = mpsc::channel(QUEUE);
    let queue = Arc::new(Mutex::new(queue));
    let tasks = TaskTracker::new();
    let closing = CancellationToken::new();
    let accepting = self::pool(WRITERS).connect_lazy_with(options);
    for _ in 0..WRITERS {
        tasks.spawn(accept_task(accepting.clone(), Arc::clone(&ctx), Arc::clone(&queue), closing.clone()));
    }
    let ends = closing.clone().drop_guard();
    Ok(Store {
        inner: Arc::new(Inner {
            engine: Engine::Postgres { pool, accepting, accepts },
            ctx,
            tasks,
            closing,
            _ends: ends,
        }),
    })
}

fn pool(size: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(Duration::from_mins(10))
        .test_before_acquire(false)
        // A server that was restarted leaves dead connections behind; one in steady use shows its death by itself.
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > Duration::from_secs(1) {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}
