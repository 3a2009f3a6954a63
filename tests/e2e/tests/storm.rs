//! A thousand messages of all kinds come in while everything goes wrong: stanzas come twice, first copies cannot be read, sockets
//! die, the process is killed. Each reaches the customer's server, in one webhook, in the order of its chat.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]
#![expect(clippy::print_stderr, reason = "a figure that is counted apart is shown")]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use cetar_e2e::{
    Database, Site,
    scene::{self, OWNER, Scene},
};
use cetar_simulator_whatsapp_web::{Group, MediaKind, Message, Peer, Phone, Simulator, message};

const CHATS: usize = 20;
const MESSAGES: usize = 1000;
/// One in so many cannot be read at first. A prime, so that there are some of every kind.
const GARBLED: usize = 23;
/// After so many comes one, besides, that only the owner's phone can read. WhatsApp's library acknowledges what the phone repeats for
/// it before we have it: a drop or a kill in between may lose it, so these are counted apart.
const ON_THE_PHONE: usize = 60;

/// Nobody waits longer for the next message.
const SILENCE: Duration = Duration::from_mins(1);

/// What is written, and to whom it was.
struct Storm {
    simulator: Simulator,
    phone: Phone,
    people: Vec<Peer>,
    group: Group,
    written: usize,
    /// WhatsApp's ids, in order.
    ids: Vec<String>,
}

/// The mark by which a message is known again: its place among all.
fn mark(number: usize) -> String {
    format!("pesan-{number:04}")
}

/// Which chat a message is in: the last is the group.
fn chat_of(number: usize) -> usize {
    number % (CHATS + 1)
}

impl Storm {
    fn begin(simulator: &Simulator) -> Self {
        let people: Vec<Peer> =
            (0..CHATS).map(|number| simulator.peer(&format!("62813000000{number:02}"))).collect();
        for (number, person) in people.iter().enumerate() {
            // As WhatsApp has it: some by number, some by LID.
            person.addressed_by_lid(number.is_multiple_of(2));
        }
        let phone = simulator.phone(OWNER);
        let members: Vec<&Peer> = people.iter().take(3).collect();
        let group = simulator.group(&phone, &members);
        Self { simulator: simulator.clone(), phone, people, group, written: 0, ids: Vec::new() }
    }

    /// Writes so many further messages, each to its chat.
    async fn write(&mut self, count: usize) {
        for number in self.written..self.written + count {
            if number % ON_THE_PHONE == 0 {
                let message = message::text(&format!("ponsel-{number:04}"));
                self.people[number % CHATS].send_to_phone_only(&self.phone, message).await;
            }
            let message = self.message(number);
            let chat = chat_of(number);
            if chat == CHATS {
                self.ids.push(self.group.send(&self.people[number % 3], message).await);
                continue;
            }
            if number.is_multiple_of(GARBLED) {
                self.people[chat].garble_next();
            }
            self.ids.push(self.people[chat].send(&self.phone, message).await);
        }
        self.written += count;
    }

    fn message(&self, number: usize) -> Message {
        let mark = mark(number);
        match number % 5 {
            0 => message::picture(&self.simulator.keep_media(MediaKind::Image, Site::JPEG), &mark),
            1 => message::place(-6.2, 106.8, &mark),
            2 => message::card(&mark, "6281234567890"),
            _ => message::text(&mark),
        }
    }
}

/// What arrived at the customer's server: by mark, the webhooks (their ids) and the places in the chats.
#[derive(Default)]
struct Arrived {
    webhooks: HashMap<String, HashSet<String>>,
    places: BTreeMap<String, Vec<(i64, usize)>>,
    /// What the phone repeated, by mark.
    recovered: HashMap<String, HashSet<String>>,
    unreadable: usize,
}

impl Arrived {
    async fn until(&mut self, scene: &mut Scene, storm: &Storm, count: usize) {
        while self.webhooks.len() < count {
            let next = scene.receiver.next("a message", |webhook| webhook.event() == "message.received");
            let Ok(webhook) = tokio::time::timeout(SILENCE, next).await else {
                panic!("nothing more comes: {}", self.missing(storm));
            };
            webhook.verify(&scene.secret);
            let data = &webhook.json["data"];
            if data["kind_name"] == "undecryptable" {
                self.unreadable += 1;
                continue;
            }
            let said = [&data["text"], &data["location"]["name"], &data["contacts"][0]["name"]];
            let mark = said.into_iter().find_map(|value| value.as_str()).expect("a mark").to_owned();
            let id = webhook.headers["webhook-id"].to_str().expect("text").to_owned();
            if mark.starts_with("ponsel-") {
                self.recovered.entry(mark).or_default().insert(id);
                continue;
            }
            let number: usize = mark.trim_start_matches("pesan-").parse().expect("a number");
            if self.webhooks.entry(mark).or_default().insert(id) {
                let chat = data["group_id"].as_str().or(data["from"].as_str()).expect("a chat").to_owned();
                let sequence = data["sequence"].as_i64().expect("a sequence");
                self.places.entry(chat).or_default().push((sequence, number));
            }
        }
    }

    /// What was written and did not come, with all that WhatsApp knows of it.
    fn missing(&self, storm: &Storm) -> String {
        let log = storm.simulator.log();
        let missing =
            storm.ids.iter().enumerate().filter(|(number, _)| !self.webhooks.contains_key(&mark(*number)));
        let told_of = |(number, id): (usize, &String)| {
            let lines =
                log.iter().map(|entry| format!("{entry:?}")).filter(|line| line.contains(id.as_str()));
            format!("{}:\n  {}\n", mark(number), lines.collect::<Vec<_>>().join("\n  "))
        };
        missing.map(told_of).collect()
    }

    fn check(mut self) {
        assert_eq!(self.webhooks.len(), MESSAGES, "none is missing");
        eprintln!("{} came from the owner's phone", self.recovered.len());
        for (mark, ids) in self.webhooks.iter().chain(&self.recovered) {
            assert_eq!(ids.len(), 1, "{mark} came once");
        }
        assert_eq!(self.places.len(), CHATS + 1, "each under its own number, or its group");
        for (chat, places) in &mut self.places {
            places.sort_unstable();
            // What had to be asked for again is later than what was written after it.
            let readable = |number: &usize| !number.is_multiple_of(GARBLED) || chat_of(*number) == CHATS;
            let numbers: Vec<usize> = places.iter().map(|(_, number)| *number).filter(readable).collect();
            assert!(numbers.is_sorted(), "{chat}: {numbers:?}");
            let sequences: HashSet<i64> = places.iter().map(|(sequence, _)| *sequence).collect();
            assert_eq!(sequences.len(), places.len(), "{chat}: each has a place of its own");
        }
    }
}

async fn a_storm(database: Database) {
    let mut scene = Scene::set(&database).await;
    let mut storm = Storm::begin(&scene.simulator);
    let mut arrived = Arrived::default();
    let faults = scene.simulator.faults().clone();

    storm.write(300).await;
    arrived.until(&mut scene, &storm, 150).await;
    faults.repeat_messages(true);
    storm.write(200).await;
    faults.drop_all();
    arrived.until(&mut scene, &storm, 350).await;

    // In the middle of the next ones; what is written meanwhile waits on WhatsApp's side.
    storm.write(100).await;
    let Scene { gateway, .. } = scene;
    gateway.kill().await;
    storm.write(200).await;
    let gateway = scene.home.serve().await;
    let mut scene = Scene { gateway, ..scene };
    arrived.until(&mut scene, &storm, 600).await;
    faults.drop_all();
    storm.write(200).await;
    scene::connected(&mut scene.receiver, &scene.device).await;
    faults.repeat_messages(false);
    faults.drop_all();

    arrived.until(&mut scene, &storm, MESSAGES).await;
    assert_eq!(arrived.unreadable, 0, "every first copy that could not be read was asked for in time");
    arrived.check();
    assert_eq!(scene.gateway.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_of_all_kinds_arrive_once_and_in_order_whatever_happens() {
    a_storm(Database::Sqlite).await;
}
