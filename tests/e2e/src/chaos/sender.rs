//! A client as a careful customer would write it: asks again with the same `Idempotency-Key` until it is answered.

use std::{sync::Arc, time::Duration};

use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    board::Board,
    evidence::{Acknowledged, Lane, Unanswered},
    random::Random,
};

/// Longer than any answer takes: the server itself gives up long before.
const PATIENCE: Duration = Duration::from_mins(1);
/// How soon a server that did not answer is asked again.
const AFTER_A_CUT: Duration = Duration::from_millis(100);

/// One client. Its sends follow one another.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) board: Arc<Board>,
    pub(crate) http: reqwest::Client,
    pub(crate) key: String,
    /// Where the servers listen.
    pub(crate) bases: Vec<watch::Receiver<Option<String>>>,
}

impl Sender {
    /// A server that listens, waiting for one if there is none.
    async fn base(&mut self, random: &mut Random) -> String {
        loop {
            let up: Vec<String> = self.bases.iter().filter_map(|base| base.borrow().clone()).collect();
            if !up.is_empty() {
                return up[random.index(up.len())].clone();
            }
            self.moved().await;
        }
    }

    /// Waits until a server comes or goes.
    async fn moved(&mut self) {
        let mut changes = tokio::task::JoinSet::new();
        for mut base in self.bases.clone() {
            changes.spawn(async move { base.changed().await.is_ok() });
        }
        let _first = changes.join_next().await;
        for base in &mut self.bases {
            base.mark_unchanged();
        }
    }

    /// Sends until it is answered; without a key, only once. `None` if it will never be known what became of it.
    pub(crate) async fn send(
        &mut self,
        lane: &Lane,
        text: &str,
        keyed: bool,
        random: &mut Random,
    ) -> Option<Acknowledged> {
        loop {
            let base = self.base(random).await;
            match self.post(&base, lane, text, keyed).await {
                Ok((200, answer, replayed)) => {
                    let id = |name: &str| answer["data"][name].as_str().unwrap_or_default().to_owned();
                    let (lane, text) = (lane.clone(), text.to_owned());
                    let sent = Acknowledged { lane, text, job: id("job_id"), message: id("message_id") };
                    self.board.note(|known| {
                        known.replayed += usize::from(replayed);
                        known.acknowledge(sent.clone());
                    });
                    return Some(sent);
                }
                Ok((503, answer, _)) => {
                    let asked_for = answer["retry_after"].as_u64();
                    if asked_for.is_none() {
                        self.board.wrong(format!("a 503 without Retry-After for {text}"));
                    }
                    self.board.note(|known| known.refused += 1);
                    let wait = Duration::from_secs(asked_for.unwrap_or(1));
                    let _either = tokio::time::timeout(wait, self.moved()).await;
                }
                // The truth, too: as little is known as when the answer is cut off.
                Ok((500, answer, _)) if answer["error"]["code"] == "outcome_unknown" => {
                    self.board.note(|known| known.cut += 1);
                    if !keyed {
                        self.unanswered(lane, text);
                        return None;
                    }
                }
                Ok((status, answer, _)) => {
                    self.board.wrong(format!("{text} was answered with {status}: {answer}"));
                    return None;
                }
                Err(_cut) => {
                    self.board.note(|known| known.cut += 1);
                    if !keyed {
                        self.unanswered(lane, text);
                        return None;
                    }
                    // It is gone or going; whichever comes first, another is there or this one is asked again.
                    let _either = tokio::time::timeout(AFTER_A_CUT, self.moved()).await;
                }
            }
        }
    }

    fn unanswered(&self, lane: &Lane, text: &str) {
        let (lane, text) = (lane.clone(), text.to_owned());
        self.board.note(|known| known.unanswered.push(Unanswered { lane, text }));
    }

    /// Asks for the same again, as a client does that lost the answer: the same job, and it says so.
    pub(crate) async fn repeat(&mut self, sent: &Acknowledged, random: &mut Random) {
        let base = self.base(random).await;
        let Ok((200, answer, replayed)) = self.post(&base, &sent.lane, &sent.text, true).await else {
            return;
        };
        if !replayed || answer["data"]["job_id"] != sent.job.as_str() {
            self.board.wrong(format!("{} ({}) asked for again is another: {answer}", sent.text, sent.job));
        }
        self.board.note(|known| known.replayed += 1);
    }

    /// One request. The status, the body (with `retry_after`, if the header is there) and whether it was a replay.
    async fn post(
        &self,
        base: &str,
        lane: &Lane,
        text: &str,
        keyed: bool,
    ) -> Result<(u16, Value, bool), reqwest::Error> {
        let body = json!({
            "channel": lane.channel, "type": "text", "to": lane.to, "content": { "text": text }, "client_ref": text,
        });
        let mut request = self.http.post(format!("{base}/v1/messages")).bearer_auth(&self.key).json(&body);
        if keyed {
            // The text is of no other send.
            request = request.header("idempotency-key", text);
        }
        let response = request.timeout(PATIENCE).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut answer: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if let (Some(seconds), Some(answer)) = (seconds, answer.as_object_mut()) {
            answer.insert("retry_after".to_owned(), seconds.into());
        }
        Ok((status, answer, headers.contains_key("idempotent-replayed")))
    }

    /// `GET`, from whichever server listens; asks again while none answers.
    pub(crate) async fn get(&mut self, path: &str, random: &mut Random) -> (u16, Value) {
        loop {
            let base = self.base(random).await;
            let asked =
                self.http.get(format!("{base}{path}")).bearer_auth(&self.key).timeout(PATIENCE).send();
            if let Ok(response) = asked.await {
                let status = response.status().as_u16();
                if let Ok(body) = response.bytes().await {
                    return (status, serde_json::from_slice(&body).unwrap_or_default());
                }
            }
        }
    }
}
