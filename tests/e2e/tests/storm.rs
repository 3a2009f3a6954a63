//! Many messages of all kinds come in while everything goes wrong: stanzas come twice, first copies cannot be read, sockets
//! die, the process is killed. Each reaches the customer's server, in one webhook, in the order of its chat.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]
#![expect(clippy::print_stderr, reason = "a figure that is counted apart is shown")]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use cetar_e2e::{
    Database, Site, Webhook,
    scene::{self, OWNER, Scene},
};
use cetar_simulator_whatsapp_web::{Group, MediaKind, Message, Peer, Phone, Simulator, message};
use serde_json::Value;

const CHATS: usize = 20;
/// So many kinds; no divisor of it divides the number of chats and the group, so that each of these sees every kind.
const KINDS: usize = 13;
/// One in so many cannot be read at first. A prime, so that there are some of every kind.
const GARBLED: usize = 23;
/// After so many comes one, besides, that only the owner's phone can read. WhatsApp's library acknowledges what the phone repeats for
/// it before we have it: a drop or a kill in between may lose it, so these are counted apart.
const ON_THE_PHONE: usize = 20;

/// After so many comes one, besides, that the owner types on the phone.
const TYPED: usize = 40;

/// Nobody waits longer for the next message.
const SILENCE: Duration = Duration::from_mins(1);

/// What is written, and to whom it was.
struct Storm {
    simulator: Simulator,
    phone: Phone,
    people: Vec<Peer>,
    group: Group,
    written: usize,
    /// Of those only the owner's phone could read, and of those its owner typed, so many were written.
    on_the_phone: usize,
    typed: usize,
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
        Self {
            simulator: simulator.clone(),
            phone,
            people,
            group,
            written: 0,
            on_the_phone: 0,
            typed: 0,
            ids: Vec::new(),
        }
    }

    /// Writes so many further messages, each to its chat.
    async fn write(&mut self, count: usize) {
        for number in self.written..self.written + count {
            if number % ON_THE_PHONE == 0 {
                let message = message::text(&format!("ponsel-{number:04}"));
                self.people[number % CHATS].send_to_phone_only(&self.phone, message).await;
                self.on_the_phone += 1;
            }
            if number % TYPED == 0 {
                self.phone.send_text(&self.people[number % CHATS], &format!("gema-{number:04}")).await;
                self.typed += 1;
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
        let keep = |kind| self.simulator.keep_media(kind, Site::JPEG);
        let count = u32::try_from(number).expect("a small number");
        match number % KINDS {
            0 => message::picture(&keep(MediaKind::Image), &mark),
            1 => message::captioned_film(&keep(MediaKind::Video), &mark),
            2 => message::document(&keep(MediaKind::Document), &mark),
            // These two have no words: the mark is in their measures.
            3 => message::voice(&keep(MediaKind::Audio), count + 1),
            4 => message::sticker(&keep(MediaKind::Image), count + 1),
            5 => message::place(-6.2, 106.8, &mark),
            6 => message::card(&mark, "6281234567890"),
            7 => message::reaction("3EB0", &mark),
            8 => message::edit("3EB0", message::text(&mark)),
            9 => message::deletion(&mark),
            10 => message::poll(&mark),
            11 => message::press("YA", &mark),
            _ if number.is_multiple_of(2) => message::disappearing(message::answer("3EB0", &mark)),
            _ => message::text(&mark),
        }
    }
}

/// What a webhook calls the kinds, in the order of [`Storm::message`].
const TYPES: [&str; KINDS] = [
    "image", "video", "document", "voice", "sticker", "location", "contact", "reaction", "edited", "deleted",
    "poll", "button", "text",
];

/// The mark in what the webhook tells, wherever its kind has it.
fn mark_in(data: &Value) -> String {
    let measured = [&data["media"]["seconds"], &data["media"]["width"]];
    let said = [&data["text"], &data["location"]["name"], &data["contacts"][0]["name"]];
    // Of a message that nobody here knows, its network's id.
    let words = said.into_iter().chain([&data["about"]]).find_map(|value| value.as_str());
    match measured.into_iter().find_map(Value::as_u64) {
        Some(count) if words.is_none() => mark(usize::try_from(count).expect("a small number") - 1),
        _ => words.expect("a mark").to_owned(),
    }
}

/// What arrived at the customer's server: by mark, the webhooks (their ids) and, as they came, the places in the chats.
#[derive(Default)]
struct Arrived {
    /// The endpoint was promised the order of the events.
    ordered: bool,
    webhooks: HashMap<String, HashSet<String>>,
    places: BTreeMap<String, Vec<(i64, usize)>>,
    /// What the phone repeated, by mark.
    recovered: HashMap<String, HashSet<String>>,
    /// What its owner typed, by mark.
    typed: HashMap<String, HashSet<String>>,
    unreadable: usize,
}

impl Arrived {
    async fn until(&mut self, scene: &mut Scene, storm: &Storm, count: usize) {
        let all = count == storm.written;
        while self.webhooks.len() < count || (all && self.typed.len() < storm.typed) {
            let next = scene.receiver.next("a message", of_a_message);
            let Ok(webhook) = tokio::time::timeout(SILENCE, next).await else {
                panic!("nothing more comes: {}", self.missing(storm));
            };
            self.take(&webhook, &scene.secret);
        }
    }

    fn take(&mut self, webhook: &Webhook, secret: &str) {
        webhook.verify(secret);
        let data = &webhook.json["data"];
        if data["kind_name"] == "undecryptable" {
            self.unreadable += 1;
            return;
        }
        let mark = mark_in(data);
        let id = webhook.headers["webhook-id"].to_str().expect("text").to_owned();
        if mark.starts_with("ponsel-") {
            self.recovered.entry(mark).or_default().insert(id);
            return;
        }
        if webhook.event() == "message.echo" {
            assert!(mark.starts_with("gema-"), "{mark} was not typed by the owner");
            self.typed.entry(mark).or_default().insert(id);
            return;
        }
        let number: usize = mark.trim_start_matches("pesan-").parse().expect("a number");
        assert_eq!(data["type"], TYPES[number % KINDS], "{mark}");
        if self.webhooks.entry(mark).or_default().insert(id) {
            let chat = data["group_id"].as_str().or(data["from"].as_str()).expect("a chat").to_owned();
            let sequence = data["sequence"].as_i64().expect("a sequence");
            self.places.entry(chat).or_default().push((sequence, number));
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

    fn check(mut self, storm: &Storm) {
        assert_eq!(self.webhooks.len(), storm.written, "none is missing");
        assert_eq!(self.typed.len(), storm.typed, "none of the owner's own either");
        let (recovered, all) = (self.recovered.len(), storm.on_the_phone);
        eprintln!("{recovered} of {all} came from the owner's phone");
        // How many of them is WhatsApp's affair: a link that drops takes the question along.
        assert!(recovered > 0, "none of {all} came from the owner's phone");
        assert_eq!(self.unreadable, 0, "every first copy that could not be read was asked for in time");
        for (mark, ids) in self.webhooks.iter().chain(&self.recovered).chain(&self.typed) {
            assert_eq!(ids.len(), 1, "{mark} came once");
        }
        assert_eq!(self.places.len(), CHATS + 1, "each under its own number, or its group");
        for (chat, places) in &mut self.places {
            if self.ordered {
                let told: Vec<i64> = places.iter().map(|(sequence, _)| *sequence).collect();
                assert!(told.is_sorted(), "{chat}, as it was told: {told:?}");
            }
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

fn of_a_message(webhook: &Webhook) -> bool {
    matches!(webhook.event(), "message.received" | "message.echo")
}

/// So many messages, in tenths, to an endpoint that is `ordered` or not.
async fn a_storm(database: Database, tenth: usize, ordered: bool) {
    let mut scene = Scene::set(&database).await;
    if ordered {
        let listed = scene.home.cli("webhook list", &["--json"]).await.ok();
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        let endpoint = listed[0]["id"].as_str().expect("an endpoint");
        scene.home.cli("webhook change", &[endpoint, "--ordered", "true"]).await.ok();
    }
    let mut storm = Storm::begin(&scene.simulator);
    let mut arrived = Arrived { ordered, ..Arrived::default() };
    let faults = scene.simulator.faults().clone();

    storm.write(3 * tenth).await;
    arrived.until(&mut scene, &storm, 3 * tenth / 2).await;
    faults.repeat_messages(true);
    storm.write(2 * tenth).await;
    faults.drop_all();
    arrived.until(&mut scene, &storm, 7 * tenth / 2).await;

    // In the middle of the next ones; what is written meanwhile waits on WhatsApp's side.
    storm.write(tenth).await;
    let Scene { gateway, .. } = scene;
    gateway.kill().await;
    storm.write(2 * tenth).await;
    let gateway = scene.home.serve().await;
    let mut scene = Scene { gateway, ..scene };
    arrived.until(&mut scene, &storm, 6 * tenth).await;
    faults.drop_all();
    storm.write(2 * tenth).await;
    scene::connected(&mut scene.receiver, &scene.device).await;
    faults.repeat_messages(false);
    faults.drop_all();

    arrived.until(&mut scene, &storm, 10 * tenth).await;
    // Behind the last that was missing may come one too many: what is behind it in every chat is waited for as well.
    storm.write(CHATS + 1).await;
    arrived.until(&mut scene, &storm, 10 * tenth + CHATS + 1).await;
    let Scene { gateway, mut receiver, secret, .. } = scene;
    assert_eq!(gateway.stop().await, Some(0));
    for webhook in receiver.rest().iter().filter(|webhook| of_a_message(webhook)) {
        arrived.take(webhook, &secret);
    }
    arrived.check(&storm);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_of_all_kinds_arrive_once_and_in_order_whatever_happens() {
    a_storm(Database::Sqlite, 100, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql_and_an_ordered_endpoint_is_told_in_the_order_of_each_chat() {
    a_storm(Database::postgres().await, 40, true).await;
}
