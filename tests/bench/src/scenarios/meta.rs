//! One official WhatsApp number at Meta's limit for a minute: as fast as it may be, never faster, and in order for every person. Meta is
//! a stand-in that counts whoever breaks its limits. It measures no speed of ours but that the limit is made use of.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use cetar_simulator_graph::{Account, Kind, Simulator};
use serde_json::{Value, json};

use crate::{
    Settings,
    gateway::{Gateway, Home, until},
    load::Connection,
    report::{Bar, Report},
};

/// What Meta takes of a number in a second.
const A_SECOND: u32 = 80;
/// So many are written to in turn: nobody gets more than 45 in a minute, which is what Meta takes for one person.
const PEOPLE: u32 = 400;
const FIRST: u64 = 6_281_200_000_000;

pub(super) async fn measure(settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let length = if settings.quick { 5 } else { 60 };
    let graph = Simulator::start().await?;
    let number = Account {
        kind: Kind::Number,
        id: "987654321".to_owned(),
        waba: "1234567890".to_owned(),
        token: "EAAbench".to_owned(),
        app_secret: "rahasia".to_owned(),
        display: "628123456789".to_owned(),
    };
    graph.add(number.clone());
    let mut home = Home::new(&settings.shipped)?;
    home.set("CETAR_META__GRAPH_URL", graph.url());
    let (gateway, _) = home.serve().await?;
    graph.set_callback(format!("{}/callbacks/meta", gateway.base));
    let key = home.cli(&["key", "create", "--name", "bench", "--scope", "messages,admin"]).await?;
    add(&gateway, &key, &number).await?;

    let count = A_SECOND * length;
    let started = Instant::now();
    let mut connection = Connection::open(&gateway.base).await?;
    for sent in 0..count {
        // Spread evenly, as an application that keeps to Meta's figure would.
        tokio::time::sleep_until((started + Duration::from_secs(1) / A_SECOND * sent).into()).await;
        let body = json!({"to": (FIRST + u64::from(sent % PEOPLE)).to_string(), "type": "text", "text": sent.to_string()});
        let answer = connection.post("/v1/meta/messages", &key, Bytes::from(body.to_string())).await?;
        ensure!(answer.status == 200, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    let within = f64::from(u32::try_from(graph.taken_count())?) / started.elapsed().as_secs_f64();
    let all = usize::try_from(count)?;
    until("Meta took everything", async || Ok(graph.taken_count() >= all)).await?;
    let each = by_person(&graph)?;
    let in_order = each.values().filter(|numbers| numbers.is_sorted()).count();
    let people = f64::from(count.min(PEOPLE));
    report.add(
        format!("{A_SECOND} a second for {length} s: taken meanwhile"),
        within,
        "/s",
        Bar::AtLeast(70.0),
    );
    report.add(
        "in Meta's busiest second",
        from(graph.busiest_second())?,
        "",
        Bar::AtMost(f64::from(A_SECOND)),
    );
    report.add("limits of Meta's that were broken", from(graph.violations())?, "", Bar::AtMost(0.0));
    report.add(format!("taken, of {count}"), from(graph.taken_count())?, "", Bar::AtLeast(f64::from(count)));
    report.add(format!("people in order, of {people}"), from(in_order)?, "", Bar::AtLeast(people));
    gateway.stop().await
}

fn from(count: usize) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(count)?))
}

/// Links the number, and waits until it is connected.
async fn add(gateway: &Gateway, key: &str, number: &Account) -> anyhow::Result<()> {
    let settings = json!({
        "phone_number_id": number.id, "waba_id": number.waba, "access_token": number.token,
        "app_secret": number.app_secret, "verify_token": "v",
    });
    let body = json!({"channel": "whatsapp-official", "name": "bench", "settings": settings});
    let mut connection = Connection::open(&gateway.base).await?;
    let answer = connection.post("/v1/devices", key, Bytes::from(body.to_string())).await?;
    ensure!(answer.status == 200, "{}", String::from_utf8_lossy(&answer.body));
    let added: Value = serde_json::from_slice(&answer.body)?;
    let path = format!("/v1/devices/{}", added["data"]["id"].as_str().context("an id")?);
    until("the number is connected", async || {
        Ok(gateway.get(key, &path).await?["data"]["state"] == "connected")
    })
    .await
}

/// The numbers in the messages that each person got, in the order in which Meta took them.
fn by_person(graph: &Simulator) -> anyhow::Result<HashMap<String, Vec<u32>>> {
    let mut each: HashMap<String, Vec<u32>> = HashMap::new();
    for body in graph.taken() {
        let body: Value = serde_json::from_str(&body)?;
        let text = body["text"]["body"].as_str().context("a text")?;
        let to = body["to"].as_str().context("a recipient")?;
        each.entry(to.to_owned()).or_default().push(text.parse()?);
    }
    Ok(each)
}
