//! Brings the server to a named point of a send, and kills it there.

use std::{sync::Arc, time::Duration};

use cetar_simulator_whatsapp_web::Event;

use super::{
    Network,
    evidence::Acknowledged,
    plan::Point,
    random::Random,
    stage::{Stage, point_chat, telegram, whatsapp},
};
use crate::{scene::OWNER, within};

/// More than a file has at the start of a run: nothing more can be written.
const DISK_FULL: &str = "4096";

impl Stage {
    /// Kills at this point and starts again.
    ///
    /// At a named point the clients get their `share` of sends when the message has arrived there.
    pub(crate) async fn kill_at(&mut self, point: Point, step: usize, share: usize, random: &mut Random) {
        let name = point.name();
        match point {
            Point::AnyTime { seen, millis } => {
                let (acknowledged, arrived, posts) = self.seen();
                let all = acknowledged + arrived + posts + seen;
                let sum =
                    |(acknowledged, arrived, posts): (usize, usize, usize)| acknowledged + arrived + posts;
                // Whichever comes first: the moment itself is what is drawn.
                let board = Arc::clone(&self.board);
                let then = board.until("more messages on their way", |known| {
                    sum((known.acknowledged.len(), known.arrivals.len(), known.posts)) >= all
                });
                let _moment = tokio::time::timeout(Duration::from_millis(millis), then).await;
                let victim = random.index(self.nodes.len());
                self.nodes[victim].kill(name).await;
                self.nodes[victim].start().await;
                return;
            }
            Point::Unanswered { micros } => return self.unanswered(name, step, micros, random).await,
            Point::Starting { millis } => return self.starting(name, millis, random).await,
            Point::Abandoned => return self.abandoned(name, random).await,
            Point::Committed => self.committed(step, random).await,
            Point::Claimed => self.claimed(step, random).await,
            Point::Framed => self.framed(step, random).await,
            Point::Acknowledged => self.acknowledged(step, random).await,
            Point::Settled => self.settled(step, random).await,
            Point::Written => self.written(step).await,
        }
        self.allow(share);
        self.nodes[0].kill(name).await;
        self.undo().await;
        self.nodes[0].start().await;
    }

    /// Takes back what brought the server to the point, now that it is dead.
    async fn undo(&mut self) {
        self.simulator.faults().clear();
        self.listener.release();
        self.outcomes = None;
        if let Some(device) = self.paused.take() {
            // With the server down the command does it by itself.
            self.nodes[0].home.cli("device resume", &[&device]).await.ok();
        }
    }

    fn seen(&self) -> (usize, usize, usize) {
        self.board.look(|known| (known.acknowledged.len(), known.arrivals.len(), known.posts))
    }

    async fn ask(&mut self, text: &str, random: &mut Random) -> Acknowledged {
        let sent = self.sender.send(&point_chat(), text, true, random).await;
        sent.expect("a send that is asked for until it is answered")
    }

    /// Waits until the clients rest and every outcome is stored: nothing that went before is in the way of the next message,
    /// and what the network is told to withhold next is withheld of that one alone.
    pub(crate) async fn everything_settled(&mut self, random: &mut Random) {
        self.board.until("the clients to rest", |known| known.through == known.allowed).await;
        let all = self.board.look(|known| known.acknowledged[self.settled..].to_vec());
        for sent in &all {
            self.past(sent, &["queued", "sending"], random).await;
        }
        self.settled += all.len();
    }

    /// A message that arrives, and whose outcome is stored: the network answers.
    async fn warm_up(&mut self, step: usize, random: &mut Random) {
        let sent = self.ask(&format!("langkah {step}: pembuka"), random).await;
        self.arrived(&sent).await;
        self.past(&sent, &["queued", "sending"], random).await;
    }

    /// Waits until the job has none of these states any more.
    async fn past(&self, sent: &Acknowledged, states: &[&str], random: &mut Random) {
        let path = format!("/v1/jobs/{}", sent.job);
        let mut sender = self.sender.clone();
        within("the job to go on", async {
            loop {
                let (_, job) = sender.get(&path, random).await;
                if !states.iter().any(|state| job["data"]["status"] == *state) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    async fn arrived(&self, sent: &Acknowledged) {
        let board = &self.board;
        match self.network {
            Network::Sandbox => {
                let what = format!("{} at the network", sent.text);
                board.until(&what, |known| known.has_arrived(sent)).await;
            }
            Network::Simulator => {
                let what = format!("{} at its peer", sent.text);
                let peer = self.simulator.peer(&sent.lane.to);
                let here = || peer.received().iter().any(|it| it.text.as_deref() == Some(&sent.text));
                board.until(&what, |known| known.got_by(&sent.lane.to) > 0 && here()).await;
            }
        }
    }

    async fn unanswered(&mut self, name: &'static str, step: usize, micros: u64, random: &mut Random) {
        let text = format!("langkah {step}: tanpa jawaban");
        let (mut sender, mut chance) = (self.sender.clone(), random.fork());
        let asked = async move { sender.send(&point_chat(), &text, true, &mut chance).await };
        let victim = random.index(self.nodes.len());
        let node = &mut self.nodes[victim];
        let kill = async {
            // The request is under way from the first turn on; the answer ends the wait too.
            let _moment =
                tokio::time::timeout(Duration::from_micros(micros), std::future::pending::<()>()).await;
            node.kill(name).await;
            node.start().await;
        };
        let (asked, ()) = tokio::join!(asked, kill);
        asked.expect("it was answered in the end");
    }

    async fn starting(&mut self, name: &'static str, millis: u64, random: &mut Random) {
        let victim = random.index(self.nodes.len());
        let node = &mut self.nodes[victim];
        node.kill(name).await;
        node.launch();
        let mut base = node.base();
        let listens = base.wait_for(Option::is_some);
        let _moment =
            tokio::time::timeout(Duration::from_millis(millis), listens).await.map(|found| found.is_ok());
        node.kill(name).await;
        node.start().await;
    }

    async fn abandoned(&mut self, name: &'static str, random: &mut Random) {
        let victim = random.index(self.nodes.len());
        self.nodes[victim].kill(name).await;
        let before = self.seen().1;
        let goes_on = |arrived: usize| arrived >= before + 5;
        self.board.until("another node to go on", |known| goes_on(known.arrivals.len())).await;
        self.nodes[victim].start().await;
    }

    async fn committed(&mut self, step: usize, random: &mut Random) {
        match self.network {
            Network::Simulator => {
                self.simulator.faults().refuse_connections(true);
                self.simulator.faults().drop_all();
            }
            Network::Sandbox => {
                let device = self.sandbox_device(random).await;
                self.nodes[0].home.cli("device pause", &[&device]).await.ok();
                self.paused = Some(device);
            }
        }
        self.ask(&format!("langkah {step}: belum diambil"), random).await;
    }

    /// The sandbox's own WhatsApp device, which the first start made.
    async fn sandbox_device(&mut self, random: &mut Random) -> String {
        let (_, devices) = self.sender.get("/v1/devices", random).await;
        let all = devices["data"].as_array().cloned().unwrap_or_default();
        let device = all.iter().find(|device| device["channel"] == "whatsapp").expect("a sandbox device");
        device["id"].as_str().expect("an id").to_owned()
    }

    async fn claimed(&mut self, step: usize, random: &mut Random) {
        self.warm_up(step, random).await;
        let text = format!("langkah {step}: diambil");
        let lane = match self.network {
            Network::Simulator => {
                // To somebody new, so that WhatsApp is asked about the number first, and does not answer.
                let lane = whatsapp(format!("6282{step:08}"));
                self.simulator.peer(&lane.to);
                self.simulator.faults().stall(true);
                lane
            }
            // Who is never answered for: the attempt lasts, and nothing is taken.
            Network::Sandbox => telegram(format!("72{:04}0009", step % 10_000)),
        };
        let sent = self.sender.send(&lane, &text, true, random).await.expect("answered");
        self.past(&sent, &["queued"], random).await;
    }

    async fn framed(&mut self, step: usize, random: &mut Random) {
        self.warm_up(step, random).await;
        self.simulator.faults().withhold_acks(true);
        let sent = self.ask(&format!("langkah {step}: tanpa ack"), random).await;
        self.arrived(&sent).await;
    }

    async fn acknowledged(&mut self, step: usize, random: &mut Random) {
        self.warm_up(step, random).await;
        let text = format!("langkah {step}: belum dicatat");
        // Nothing from outside keeps SQLite from writing the outcome and lets it write the claim. Where the network is outside
        // too, its acknowledgement waits until the disk is full; in the sandbox the moment after has to do.
        let disk_fills_up = self.cluster.is_none() && self.network == Network::Simulator;
        if let Some(cluster) = &self.cluster {
            self.outcomes = Some(cluster.lock_outcomes().await);
        }
        self.simulator.faults().withhold_acks(disk_fills_up);
        let sent = self.ask(&text, random).await;
        self.arrived(&sent).await;
        if disk_fills_up {
            self.nodes[0].limit_file_size(DISK_FULL).await;
            let before = self.board.look(|known| known.unstored);
            self.simulator.faults().release_acks();
            self.board.until("an outcome that cannot be stored", |known| known.unstored > before).await;
        }
    }

    async fn settled(&mut self, step: usize, random: &mut Random) {
        let text = format!("langkah {step}: belum diberitahukan");
        self.listener.hold(&text);
        self.ask(&text, random).await;
        self.board.until("a webhook without an answer", |_| self.listener.holds(&text)).await;
    }

    async fn written(&mut self, step: usize) {
        let text = format!("langkah {step}: dari luar");
        let (owner, peer) = (self.simulator.phone(OWNER), self.simulator.peer(&point_chat().to));
        let id = peer.send_text(&owner, &text).await;
        self.board.note(|known| known.written.push(text));
        let handed_over =
            |event: &Event| matches!(event, Event::Delivered { id: its, .. } if *its == id).then_some(());
        within("the message on our socket", self.simulator.wait_for(handed_over)).await;
    }

    /// The database is away for a while: 503 while it is, and everything goes on when it is back, without a restart.
    pub(crate) async fn outage(&mut self, immediate: bool, kill: bool, step: usize, random: &mut Random) {
        let what = self.storage.outage(immediate);
        self.board.say(what);
        match &self.cluster {
            None => self.nodes[0].limit_file_size(DISK_FULL).await,
            Some(cluster) => cluster.stop(if immediate { "immediate" } else { "fast" }).await,
        }
        let refused = self.board.look(|known| known.refused);
        let (mut sender, mut chance) = (self.sender.clone(), random.fork());
        let lane = point_chat();
        let probe =
            async move { sender.send(&lane, &format!("langkah {step}: {what}"), true, &mut chance).await };
        let (probe, ()) = tokio::join!(probe, async {
            self.board.until("a 503", |known| known.refused > refused).await;
            within("/readyz to say so", async {
                while self.sender.get("/readyz", random).await.0 != 503 {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            let alive = self.sender.get("/healthz", random).await.0;
            if alive != 200 {
                self.board.wrong(format!("/healthz is {alive} while {what}"));
            }
            if kill {
                self.nodes[0].kill("database away").await;
            }
            match &self.cluster {
                None if !kill => self.nodes[0].limit_file_size("unlimited").await,
                None => {}
                Some(cluster) => cluster.start_again().await,
            }
            self.board.say("the database is back");
            if kill {
                self.nodes[0].start().await;
            }
        });
        probe.expect("the probe was accepted in the end");
    }
}
