//! How PostgreSQL is written to: sends to accept go through a few [tasks](accepting) that commit many at once; everything else
//! is its own transaction on the pool, tried again where transactions collided.

mod accepting;

use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions, Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::{Mutex, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::accepting::Acceptor;
use crate::{
    OpenError, Store, StoreError,
    db::{Conn, Context, Tx, Work},
    master, migrate,
    store::{Engine, Failed, Inner},
    writer::QUEUE,
};

/// Tasks that accept. Two keep one commit under way while the next batch is being written; more only make batches smaller.
const WRITERS: u32 = 2;
/// Connections for everything else.
const POOL: u32 = 10;
/// How long a connection is waited for. Short: a caller who is told `Unavailable` soon can do something else.
const ACQUIRE: Duration = Duration::from_secs(3);
/// Tries of a transaction that collides with others.
const TRIES: u32 = 10;

/// One operation in its own transaction, tried again where it collided with others.
pub(crate) async fn attempt<A, T>(
    pool: &PgPool,
    ctx: &Arc<Context>,
    args: &A,
    work: Work<A, T>,
) -> Result<T, Failed<T>> {
    for _ in 0..TRIES {
        let started = Instant::now();
        let conn = pool.acquire().await.map_err(|error| Failed::NotDone(error.into()))?;
        let mut tx = Tx::begin(conn, Arc::clone(ctx)).await.map_err(Failed::NotDone)?;
        let failed = match work(&mut tx, args).await {
            Err(error) => error,
            Ok(value) => match tx.commit().await {
                Ok(()) => {
                    metrics::histogram!("cetar_store_commit_seconds").record(started.elapsed());
                    return Ok(value);
                }
                // A server that is going away says so also after it has committed.
                Err(error @ StoreError::Unavailable(_)) => return Err(Failed::InDoubt(value, error)),
                Err(error) => error,
            },
        };
        // Of a connection that has broken, the server undoes by itself what was not committed.
        if !matches!(failed, StoreError::Unavailable(_)) {
            tx.rollback().await;
        }
        if !failed.is_transient() {
            return Err(Failed::NotDone(failed));
        }
        metrics::counter!("cetar_store_collisions_total").increment(1);
    }
    Err(Failed::NotDone(StoreError::Unavailable("transactions keep colliding".into())))
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
    let tasks = TaskTracker::new();
    let closing = CancellationToken::new();
    let accepting = self::pool(WRITERS).connect_lazy_with(options);
    let acceptor = Acceptor {
        pool: accepting.clone(),
        ctx: Arc::clone(&ctx),
        queue: Arc::new(Mutex::new(queue)),
        tasks: tasks.clone(),
        closing: closing.clone(),
    };
    for _ in 0..WRITERS {
        tasks.spawn(acceptor.clone().run());
    }
    let ends = closing.clone().drop_guard();
    Ok(Store {
        inner: Arc::new(Inner {
            engine: Engine::Postgres { pool, accepting, accepts },
            ctx,
            tasks,
            closing,
            doubted: tokio::sync::Mutex::default(),
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
