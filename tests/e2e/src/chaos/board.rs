//! What is known so far: everything the clients were told, the peers got and the receiver heard, and who waits for more of it.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    io::{self, Write as _},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::evidence::{Acknowledged, Arrival, Hook, Unanswered};

/// When nothing at all has happened for this long, what is waited for will not come.
const STANDSTILL: Duration = Duration::from_mins(1);
/// And however much happens, nothing here takes this long.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// So many of the server's own complaints are shown with a failure.
const COMPLAINTS: usize = 60;

fn format_line(line: &str) -> String {
    format!("  {line}\n")
}

/// The board itself. Every change wakes those who wait.
pub(crate) struct Board {
    known: Mutex<Known>,
    changed: watch::Sender<u64>,
    began: Instant,
}

/// What is on it.
#[derive(Default)]
pub(crate) struct Known {
    /// Sends that the clients may make, and those that they are through with.
    pub(crate) allowed: usize,
    pub(crate) through: usize,
    /// In the order of the answers.
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) unanswered: Vec<Unanswered>,
    /// What the network got, as far as it is seen while the run goes on.
    pub(crate) arrivals: Vec<Arrival>,
    /// How many of them at a number.
    got: HashMap<String, usize>,
    /// Webhooks by their id.
    pub(crate) hooks: HashMap<String, Hook>,
    pub(crate) posts: usize,
    /// Jobs that the network has or never will, and those on WhatsApp that reached a phone, as webhooks told it.
    ended: Awaited,
    delivered: Awaited,
    /// Messages whose receipt the server has acknowledged to the network.
    pub(crate) receipted: HashSet<String>,
    /// Texts that people wrote to us.
    pub(crate) written: Vec<String>,
    /// Answers of 503 and of an earlier, equal request.
    pub(crate) refused: usize,
    pub(crate) replayed: usize,
    pub(crate) cut: usize,
    /// Messages that a phone has, said so, and that stay `sent`.
    pub(crate) lost_receipts: usize,
    /// Outcomes that the server could not store at once.
    pub(crate) unstored: usize,
    /// What was wrong as it happened.
    pub(crate) wrong: Vec<String>,
    /// What the run did, and when.
    timeline: Vec<String>,
    complaints: VecDeque<String>,
    pub(crate) kills: BTreeMap<&'static str, usize>,
}

/// Jobs of which something is awaited. What is awaited may come before the job is known.
#[derive(Default)]
struct Awaited {
    asked: HashSet<String>,
    came: HashSet<String>,
    both: usize,
}

impl Awaited {
    fn ask(&mut self, job: &str) {
        if self.asked.insert(job.to_owned()) && self.came.contains(job) {
            self.both += 1;
        }
    }

    fn come(&mut self, job: &str) {
        if self.came.insert(job.to_owned()) && self.asked.contains(job) {
            self.both += 1;
        }
    }

    fn missing(&self) -> usize {
        self.asked.len() - self.both
    }
}

impl Known {
    pub(crate) fn acknowledge(&mut self, sent: Acknowledged) {
        self.ended.ask(&sent.job);
        if sent.lane.drops_repeats() {
            self.delivered.ask(&sent.job);
        }
        self.acknowledged.push(sent);
    }

    /// A webhook told of a job.
    pub(crate) fn tell(&mut self, event: &str, job: &str) {
        if matches!(event, "message.delivered" | "message.read") {
            self.delivered.come(job);
        }
        self.ended.come(job);
    }

    /// Acknowledged to a client, and not known to be at the network or to have failed.
    pub(crate) fn open(&self) -> usize {
        self.ended.missing()
    }

    /// The same, and not known to be delivered where that is told.
    pub(crate) fn undelivered(&self) -> usize {
        self.delivered.missing()
    }

    /// The network got this; `number` is whose phone, where the witness knows.
    pub(crate) fn arrive(&mut self, arrival: Arrival) {
        if let Some(lane) = &arrival.lane {
            *self.got.entry(lane.to.clone()).or_default() += 1;
        }
        self.arrivals.push(arrival);
    }

    pub(crate) fn got_by(&self, number: &str) -> usize {
        self.got.get(number).copied().unwrap_or_default()
    }

    /// Whether the network has this message.
    pub(crate) fn has_arrived(&self, sent: &Acknowledged) -> bool {
        self.arrivals.iter().rev().any(|arrival| arrival.id == sent.message)
    }

    pub(crate) fn killed(&self) -> usize {
        self.kills.values().sum()
    }
}

impl Board {
    pub(crate) fn new() -> Self {
        Self { known: Mutex::default(), changed: watch::Sender::new(0), began: Instant::now() }
    }

    /// Adds to it.
    pub(crate) fn note<T>(&self, note: impl FnOnce(&mut Known) -> T) -> T {
        let noted = note(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_modify(|count| *count += 1);
        noted
    }

    /// Reads it.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A line of the timeline.
    pub(crate) fn say(&self, what: impl AsRef<str>) {
        let line = format!("{:>8.3} s  {}", self.began.elapsed().as_secs_f64(), what.as_ref());
        // For who looks on; where nobody does, the line is kept all the same.
        let _nobody = writeln!(io::stderr(), "{line}");
        self.note(|known| known.timeline.push(line));
    }

    /// Something that must not be.
    pub(crate) fn wrong(&self, what: String) {
        self.say(format!("WRONG: {what}"));
        self.note(|known| known.wrong.push(what));
    }

    /// A complaint of the server's log.
    pub(crate) fn complaint(&self, line: &str) {
        let line = format!("{:>8.3} s  {line}", self.began.elapsed().as_secs_f64());
        self.note(|known| {
            if known.complaints.len() == COMPLAINTS {
                known.complaints.pop_front();
            }
            known.complaints.push_back(line);
        });
    }

    /// Waits until it holds. Says what did not come if nothing happens any more.
    pub(crate) async fn reached(&self, what: &str, holds: impl Fn(&Known) -> bool) -> Result<(), String> {
        let mut changes = self.changed.subscribe();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                if self.look(&holds) {
                    return Ok(());
                }
                let moved = tokio::time::timeout(STANDSTILL, changes.changed()).await;
                if moved.is_err() {
                    return Err(format!("nothing happens any more, and still not: {what}"));
                }
            }
        };
        let bounded = tokio::time::timeout(LONGEST_WAIT, waiting).await;
        bounded.unwrap_or_else(|_elapsed| Err(format!("waited ten minutes for: {what}")))
    }

    /// The same; what does not come ends the run.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Known) -> bool) {
        if let Err(why) = self.reached(what, holds).await {
            panic!("{why}");
        }
    }

    /// How long the run has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Timeline and complaints, for a run that failed.
    pub(crate) fn story(&self) -> String {
        self.look(|known| {
            let mut story = String::from("\nWhat the run did:\n");
            for line in &known.timeline {
                story.push_str(&format_line(line));
            }
            story.push_str("\nThe servers' last complaints:\n");
            for line in &known.complaints {
                story.push_str(&format_line(line));
            }
            story
        })
    }
}
