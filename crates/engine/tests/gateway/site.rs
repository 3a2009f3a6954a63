//! A web site on loopback that serves what a test tells it, and remembers what it was asked.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    task::JoinSet,
};

/// A picture, as far as its type goes.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDRgambar";

/// Nothing on loopback takes that long.
const LONGEST: Duration = Duration::from_mins(1);

/// One answer: status line and headers, body.
#[derive(Clone)]
pub(crate) struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// 200 with these bytes, and these further header lines.
    pub(crate) fn of(body: &[u8], headers: &str) -> Self {
        Self { head: format!("200 OK\r\n{headers}"), body: body.to_vec() }
    }

    /// This status.
    pub(crate) fn status(line: &str) -> Self {
        Self { head: format!("{line}\r\n"), body: Vec::new() }
    }

    /// None, on a connection that stays open.
    pub(crate) fn none() -> Self {
        Self { head: String::new(), body: Vec::new() }
    }
}

/// The site.
pub(crate) struct Site {
    base: String,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<watch::Sender<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Site {
    pub(crate) async fn serving(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(answer));
        let asked = Arc::new(watch::Sender::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let (serve, note) = (Arc::clone(&answer), Arc::clone(&asked));
        tasks.spawn(async move {
            let mut unanswered = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    head.push(byte);
                }
                note.send_modify(|asked| asked.push(String::from_utf8_lossy(&head).to_lowercase()));
                let Answer { head, body } = serve.lock().unwrap().clone();
                if head.is_empty() {
                    unanswered.push(stream);
                    continue;
                }
                let length = body.len();
                let head = format!("HTTP/1.1 {head}content-length: {length}\r\nconnection: close\r\n\r\n");
                let _the_client_may_have_had_enough =
                    stream.write_all(&[head.as_bytes(), &body].concat()).await;
            }
        });
        Self { base, answer, asked, _tasks: tasks }
    }

    /// An address on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Answers this from now on.
    pub(crate) fn serve(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// The heads of the requests so far, in lower case.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// Waits until so many requests were made.
    pub(crate) async fn was_asked(&self, times: usize) {
        let mut asked = self.asked.subscribe();
        let waiting = asked.wait_for(|asked| asked.len() >= times);
        drop(tokio::time::timeout(LONGEST, waiting).await.expect("a request").unwrap());
    }
}
