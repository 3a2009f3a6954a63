//! A webhook receiver on loopback that does as a test tells it, well or badly.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
    task::JoinSet,
    time::timeout,
};

/// Longer than anything takes that comes at all: a test that waits this long has failed.
const LONGEST: Duration = Duration::from_secs(20);

/// What it does with a request once it has read it.
#[derive(Clone)]
pub(crate) enum Reaction {
    /// Answers with this status.
    Answer(u16),
    /// Answers with this status and header.
    AnswerWith(u16, &'static str, String),
    /// Answers 200 once it is [`Receiver::release`]d.
    Wait,
    /// Never answers.
    Hang,
    /// Closes the connection.
    Cut,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Header names, lower case, and values.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body's bytes.
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// A header that has to be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name} in {:?}", self.headers))
    }
}

impl Received {
    /// Its body, as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The receiver. Answers 200 until it is told otherwise.
pub(crate) struct Receiver {
    url: String,
    state: Arc<State>,
    arrived: mpsc::UnboundedReceiver<Received>,
    _tasks: JoinSet<()>,
}

struct State {
    /// For the next requests, in order.
    once: Mutex<VecDeque<Reaction>>,
    /// For those that follow.
    otherwise: Mutex<Reaction>,
    released: Notify,
    arrivals: mpsc::UnboundedSender<Received>,
}

impl Receiver {
    /// Listens on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (arrivals, arrived) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            once: Mutex::default(),
            otherwise: Mutex::new(Reaction::Answer(200)),
            released: Notify::new(),
            arrivals,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, state.clone()));
        Self { url, state, arrived, _tasks: tasks }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Does this with the next request.
    pub(crate) fn next_time(&self, reaction: Reaction) {
        self.state.once.lock().unwrap().push_back(reaction);
    }

    /// Does this with every request from now on.
    pub(crate) fn always(&self, reaction: Reaction) {
        *self.state.otherwise.lock().unwrap() = reaction;
    }

    /// Lets every request go that waits now.
    pub(crate) fn release(&self) {
        self.state.released.notify_waiters();
    }

    /// The next request, which has to come.
    pub(crate) async fn next(&mut self) -> Received {
        timeout(LONGEST, self.arrived.recv()).await.expect("a request should have come").unwrap()
    }

    /// Every request that came and was not looked at.
    pub(crate) fn take(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.arrived.try_recv().ok()).collect()
    }

    /// Requests that came and were not looked at.
    pub(crate) fn unread(&self) -> usize {
        self.arrived.len()
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, state.clone()));
    }
}

/// Serves one connection. Any error of it is the client's going away.
async fn serve(mut stream: TcpStream, state: Arc<State>) {
    while let Some(request) = read_request(&mut stream).await {
        let once = state.once.lock().unwrap().pop_front();
        let reaction = once.unwrap_or_else(|| state.otherwise.lock().unwrap().clone());
        // Before the test hears of the request, so that its release is not missed.
        let released = state.released.notified();
        tokio::pin!(released);
        released.as_mut().enable();
        let _the_test_may_be_over = state.arrivals.send(request);
        let (status, header) = match reaction {
            Reaction::Answer(status) => (status, String::new()),
            Reaction::AnswerWith(status, name, value) => (status, format!("{name}: {value}\r\n")),
            Reaction::Wait => {
                released.await;
                (200, String::new())
            }
            Reaction::Hang => std::future::pending().await,
            Reaction::Cut => return,
        };
        let answer = format!("HTTP/1.1 {status} As Told\r\n{header}content-length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut seen = Vec::new();
    let end_of_head = loop {
        if let Some(at) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        read_more(stream, &mut seen).await?;
    };
    let head = String::from_utf8(seen[..end_of_head].to_vec()).unwrap();
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = seen.split_off(end_of_head + 4);
    while body.len() < length {
        read_more(stream, &mut body).await?;
    }
    Some(Received { headers, body })
}

async fn read_more(stream: &mut TcpStream, into: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
    into.extend_from_slice(&buffer[..read]);
    Some(())
}
