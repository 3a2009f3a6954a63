//! What Meta says of an account, and what the host is told of it.

use std::{sync::Arc, time::Duration};

use cetar_meta::{Meta, Settings};
use cetar_model::{Channel, Language};
use cetar_provider::{
    Account, Inbound, Provider, Rate, http,
    testkit::{ManualClock, MemoryHost},
};
use cetar_simulator_graph as graph;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_number_has_what_meta_says_it_has() {
    let graph = graph::Simulator::start().await.expect("a free port");
    graph.add(graph::Account {
        kind: graph::Kind::Number,
        id: "987".to_owned(),
        waba: "123".to_owned(),
        token: "token".to_owned(),
        app_secret: "rahasia".to_owned(),
        display: "628123456789".to_owned(),
    });
    let clock = Arc::new(ManualClock::default());
    let options = http::Options {
        allow: vec!["127.0.0.1/32".parse().expect("a network")],
        plain_http: true,
        ..http::Options::default()
    };
    let mut settings = Settings::new(http::Client::new(options).expect("a client"), clock.clone());
    graph.url().clone_into(&mut settings.graph_url);
    let secrets = [
        ("phone_number_id", "987"),
        ("waba_id", "123"),
        ("access_token", "token"),
        ("app_secret", "rahasia"),
        ("verify_token", "v"),
    ];
    let account = Account {
        device: "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().expect("an id"),
        channel: Channel::WhatsappOfficial,
        address: None,
        settings: secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        language: Language::Indonesian,
    };
    let meta = Meta::new(Channel::WhatsappOfficial, settings);
    let (host, mut told) = MemoryHost::new(clock.clone());
    let session = meta.open(account, host).expect("good settings");
    let stop = CancellationToken::new();
    let watching = async {
        let mut rates = Vec::new();
        while rates.len() < 2 {
            tokio::select! {
                event = told.recv() => {
                    if let Inbound::AccountRate(rate) = event.expect("a session that tells")
                        && rates.last() != Some(&rate)
                    {
                        rates.push(rate);
                        graph.raise("987");
                    }
                }
                // It looks again every five minutes.
                () = tokio::task::yield_now() => clock.advance(Duration::from_secs(1)),
            }
        }
        stop.cancel();
        rates
    };
    let (_end, rates) = tokio::join!(session.run(stop.clone()), watching);
    let per = Duration::from_millis(1100);
    assert_eq!(rates, [Rate { most: 80, per }, Rate { most: 1000, per }]);
}
