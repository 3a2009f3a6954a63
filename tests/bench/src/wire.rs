//! A TCP wire on loopback that can be cut, and that can go silent without being cut.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Through,
    /// Every connection ends, new ones are refused.
    Cut,
    /// Connections stay and new ones are taken, and nothing comes through: half open.
    Silent,
}

/// The wire. It ends when dropped.
pub(crate) struct Wire {
    address: String,
    state: watch::Sender<State>,
    _tasks: JoinSet<()>,
}

impl Wire {
    /// A wire to this address.
    pub(crate) async fn to(target: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (state, seen) = watch::channel(State::Through);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let target: Arc<str> = target.into();
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                if *seen.borrow() != State::Cut {
                    connections.spawn(carry(near, Arc::clone(&target), seen.clone()));
                }
            }
        });
        Ok(Self { address, state, _tasks: tasks })
    }

    /// Where to connect to.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Ends every connection and refuses new ones.
    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Lets nothing through, and ends nothing.
    pub(crate) fn silence(&self) {
        self.state.send_replace(State::Silent);
    }

    /// Lets everything through again.
    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Through);
    }
}

async fn carry(near: TcpStream, target: Arc<str>, seen: watch::Receiver<State>) {
    let Ok(far) = TcpStream::connect(&*target).await else { return };
    let (_nodelay, _nodelay_too) = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let mut cut = seen.clone();
    tokio::select! {
        () = one_way(near_read, far_write, seen.clone()) => {}
        () = one_way(far_read, near_write, seen) => {}
        _cut = cut.wait_for(|state| *state == State::Cut) => {}
    }
}

/// Carries bytes until the end of the connection; while the wire is silent they wait.
async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut seen: watch::Receiver<State>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let through = seen.wait_for(|state| *state != State::Silent).await.is_ok();
        if !through || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
