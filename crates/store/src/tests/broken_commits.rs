//! A commit on PostgreSQL breaks off in the middle: what was done is said to be done, and nothing is done twice.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    failing::unavailable,
    world::{Kind, LEASE, NODE, World, ids, postgres_server, sealer},
};
use crate::{Accepted, Options, Store, StoreError};

/// Where a commit is to be lost, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// On its way to the server: it is not done.
    Request,
    /// On its way back: it is done.
    Answer,
    /// On its way back, and nobody is told: the connection stays, and says nothing more.
    Silently,
}

/// A way to the server that breaks in the middle of a commit, when it is told to, and stays down until it is told otherwise.
struct Saboteur {
    address: std::net::SocketAddr,
    armed: Arc<Mutex<Option<Lost>>>,
    struck: Arc<Notify>,
    up: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Saboteur {
    async fn new(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = server.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
        let armed = Arc::new(Mutex::new(None));
        let struck = Arc::new(Notify::new());
        let (up, is_up) = watch::channel(true);
        let (arms, strikes, lever) = (armed.clone(), struck.clone(), up.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (here, _) = listener.accept().await.unwrap();
                if !*is_up.borrow() {
                    continue;
                }
                let there = TcpStream::connect(&server).await.unwrap();
                let (arms, strikes, lever) = (arms.clone(), strikes.clone(), lever.clone());
                let mut is_up = is_up.clone();
                connections.spawn(async move {
                    let (here_in, here_out) = here.into_split();
                    let (there_in, there_out) = there.into_split();
                    // A prepared statement is named by its text once, in `Parse`; what it did is told each time.
                    let to = relay(here_in, there_out, b"COMMIT", Lost::Request, &arms);
                    let fro = relay(there_in, here_out, b"COMMIT\0", Lost::Answer, &arms);
                    // With one, all others break, as when a server goes.
                    let was_struck = tokio::select! {
                        struck = to => struck,
                        struck = fro => struck,
                        _ = is_up.wait_for(|up| !*up) => false,
                    };
                    if was_struck {
                        lever.send_replace(false);
                        strikes.notify_one();
                    }
                });
            }
        });
        Self { address, armed, struck, up, _tasks: tasks }
    }

    fn arm(&self, lost: Lost) {
        *self.armed.lock().unwrap() = Some(lost);
    }

    fn mend(&self) {
        self.up.send_replace(true);
    }
}

/// Passes on what comes, until it ends or the sign comes and it is to be lost. Whether it was.
async fn relay(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    sign: &[u8],
    lost: Lost,
    armed: &Mutex<Option<Lost>>,
) -> bool {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if buffer[..read].windows(sign.len()).any(|window| window == sign) {
            let due = armed
                .lock()
                .unwrap()
                .take_if(|armed| *armed == lost || (*armed, lost) == (Lost::Silently, Lost::Answer));
            match due {
                Some(Lost::Silently) => {
                    // The other direction ends when the client hangs up.
                    std::future::pending::<()>().await;
                }
                Some(Lost::Request | Lost::Answer) => return true,
                None => {}
            }
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    false
}

/// Accepts three sends at once, of which one has a key, over a connection that breaks in their commit.
async fn broken_commit(world: &World, lost: Lost) {
    let link = Saboteur::new(&postgres_server()).await;
    let url = format!("postgres://cetar@{}/{}", link.address, world.url.rsplit_once('/').unwrap().1);
    let store = Store::open(Options { url, sealer: sealer(1), ids: ids() }).await.unwrap();
    let device = world.device().await;
    let sends = [
        world.keyed(&device, "budi", "first", "key"),
        world.send(&device, "budi", "second"),
        world.send(&device, "ani", "third"),
    ];

    link.arm(lost);
    // All are handed in before anybody else runs, on the one thread there is: so one commit has all three.
    let accepting = futures::future::join_all(sends.iter().map(|send| store.accept(send.clone())));
    let meanwhile = async {
        link.struck.notified().await;
        // Others need not wait until it is known.
        unavailable(store.accept(world.send(&device, "citra", "refused")).await);
        link.mend();
    };
    let (accepted, ()) = futures::join!(accepting, meanwhile);
    for accepted in accepted {
        assert_eq!(accepted.unwrap(), Accepted::New);
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 3, "{lost:?}: each once");
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 3);
    assert_eq!(world.number("SELECT CAST(SUM(last_sequence) AS BIGINT) FROM conversations").await, 3);
    let again = store.accept(sends[0].clone()).await.unwrap();
    assert!(matches!(again, Accepted::Replayed { job, .. } if job == sends[0].job));
    store.close().await;
}

/// The world's database, over a connection that can be broken.
async fn through_a_saboteur(world: &World) -> (Saboteur, Store) {
    let link = Saboteur::new(&postgres_server()).await;
    let url = format!("postgres://cetar@{}/{}", link.address, world.url.rsplit_once('/').unwrap().1);
    let store = Store::open(Options { url, sealer: sealer(1), ids: ids() }).await.unwrap();
    (link, store)
}

#[tokio::test]
async fn a_commit_that_was_done_but_not_answered_is_accepted_once() {
    World::run(Kind::Postgres, |world| Box::pin(broken_commit(world, Lost::Answer))).await;
}

#[tokio::test]
async fn a_commit_that_did_not_arrive_is_done_when_the_server_is_back() {
    World::run(Kind::Postgres, |world| Box::pin(broken_commit(world, Lost::Request))).await;
}

/// It takes as long as PostgreSQL is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_falls_silent_is_given_up() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async {
            let (link, store) = through_a_saboteur(world).await;
            let device = world.device().await;
            link.arm(Lost::Silently);
            assert_eq!(store.accept(world.send(&device, "budi", "halo")).await.unwrap(), Accepted::New);
            link.arm(Lost::Silently);
            unavailable(store.check(world.now()).await);
            assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 1);
            store.close().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_nobody_can_ask_about_is_said_to_be_in_doubt() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async {
            let (link, store) = through_a_saboteur(world).await;
            let device = world.device().await;
            link.arm(Lost::Answer);
            let accepting = store.accept(world.send(&device, "budi", "halo"));
            let closing = async {
                link.struck.notified().await;
                store.close().await;
            };
            let (accepted, ()) = futures::join!(accepting, closing);
            assert!(matches!(accepted, Err(StoreError::InDoubt)), "{accepted:?}");
            assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 1);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_repeat_would_make_twice_is_said_to_be_in_doubt() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async {
            let (link, store) = through_a_saboteur(world).await;
            link.arm(Lost::Answer);
            let added = store.insert_endpoint(world.new_endpoint(), usize::MAX).await;
            assert!(matches!(added, Err(StoreError::InDoubt)), "{added:?}");
            link.mend();
            assert_eq!(world.number("SELECT COUNT(*) FROM endpoints").await, 1);
            // What may be repeated is simply not done.
            link.arm(Lost::Answer);
            unavailable(store.check(world.now()).await);
            store.close().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_claim_took_that_nobody_heard_of_is_given_back() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async {
            let (link, store) = through_a_saboteur(world).await;
            let device = world.device().await;
            let send = world.accept(&device, "budi", "halo").await;
            link.arm(Lost::Answer);
            unavailable(store.claim(&device, NODE, world.now(), world.now() + LEASE, 1).await);
            assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE state = 'running'").await, 1);
            // The database stays away for longer than the lease: whoever rescues afterwards takes nothing for begun.
            let now = world.pass(2 * LEASE);
            link.mend();
            let rescuing = async {
                // The pool may still hold connections that broke.
                loop {
                    match store.rescue(NODE, false, now, now + LEASE, 10).await {
                        Ok(rescued) => return rescued,
                        Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error}"),
                    }
                }
            };
            let rescued = timeout(Duration::from_mins(1), rescuing).await.expect("the database to be back");
            assert!(rescued.is_empty());
            let untouched =
                "SELECT COUNT(*) FROM jobs WHERE state = 'ready' AND attempts = 0 AND crashes = 0";
            assert_eq!(world.number(untouched).await, 1);
            let again = store.claim(&device, NODE, now, now + LEASE, 1).await.unwrap();
            assert_eq!(again[0].job, send.job);
            store.close().await;
        })
    })
    .await;
}

/// It is claimed anew under the same lease token, while others still give back what the first claim would have taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_back_what_a_claim_did_not_take_takes_nothing_from_the_next() {
    World::run(Kind::Postgres, |world| {
        Box::pin(async {
            let (link, store) = through_a_saboteur(world).await;
            let device = world.device().await;
            let send = world.accept(&device, "budi", "halo").await;
            let (now, until) = (world.now(), world.now() + LEASE);
            let back = async || {
                link.mend();
                let asking = async { while store.next_due(&device).await.is_err() {} };
                timeout(Duration::from_mins(1), asking).await.expect("the database to be back");
            };
            // On a new connection, which has to name the statement that ends the transaction.
            link.up.send_replace(false);
            while store.next_due(&device).await.is_ok() {}
            back().await;
            link.arm(Lost::Request);
            unavailable(store.claim(&device, NODE, now, until, 1).await);
            back().await;

            let others = futures::future::join_all((0..8).map(|_| store.rescue(NODE, false, now, until, 10)));
            let (claimed, rescued) = futures::join!(store.claim(&device, NODE, now, until, 1), others);
            assert!(rescued.into_iter().all(|rescued| rescued.unwrap().is_empty()));
            let claimed = claimed.unwrap();
            assert_eq!(claimed[0].job, send.job);
            let held = [(claimed[0].job.clone(), claimed[0].lease_token)];
            assert_eq!(store.renew_jobs(NODE, &held, until).await.unwrap(), [], "it is held still");
            store.close().await;
        })
    })
    .await;
}
