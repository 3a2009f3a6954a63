//! Receivers that are away for long, and endpoints that are left alone meanwhile.

use std::{collections::BTreeMap, time::Duration};

use cetar_model::{DeliveryState, EndpointId, EndpointState, circuit_is_open};
use cetar_store::{DeliveryFilter, EndpointAct};

use crate::{
    process::{Machine, Process},
    receiver::{Reaction, Receiver},
};

async fn state(process: &Process, endpoint: &EndpointId) -> EndpointState {
    process.endpoint(endpoint).await.unwrap().state()
}

/// Lets attempts fail until the endpoint's circuit is open.
async fn open_circuit(process: &Process, receiver: &mut Receiver, endpoint: &EndpointId) {
    receiver.always(Reaction::Answer(500));
    while !circuit_is_open(process.endpoint(endpoint).await.unwrap().failures) {
        process.event().await;
        process.caught_up().await;
    }
    receiver.take();
}

#[tokio::test]
async fn a_receiver_that_was_away_for_sixty_hours_gets_everything_on_its_return() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let endpoint = process.add_endpoint(receiver.url()).await.unwrap().id;
    receiver.always(Reaction::Cut);

    // An event each half hour, and time passes minute by minute.
    let (mut events, mut attempts) = (0, 0);
    for minute in 0..60 * 60 {
        if minute % 30 == 0 {
            process.commit_event().await;
            events += 1;
        }
        process.pass(Duration::from_mins(1));
        process.caught_up().await;
        attempts += receiver.take().len();
    }
    assert_eq!((events, state(&process, &endpoint).await), (120, EndpointState::Failing));
    assert!(attempts < 60 * 12 + 50, "a probe every five minutes, not one for every delivery: {attempts}");

    receiver.always(Reaction::Answer(200));
    let mut minutes = 0;
    let mut told = BTreeMap::new();
    while told.len() < events {
        process.pass(Duration::from_mins(1));
        process.caught_up().await;
        for request in receiver.take() {
            *told.entry(request.header("webhook-id").to_owned()).or_insert(0) += 1;
        }
        minutes += 1;
        assert!(minutes <= 10, "{} of {events} after ten minutes", told.len());
    }
    process.all_settled().await;
    assert!(told.values().all(|times| *times == 1), "each once: {told:?}");
    assert_eq!(state(&process, &endpoint).await, EndpointState::Active);
}

#[tokio::test]
async fn an_endpoint_that_is_left_alone_delays_no_other() {
    let machine = Machine::new();
    let (mut broken, mut well) = (Receiver::start().await, Receiver::start().await);
    let process = machine.start().await;
    let endpoint = process.add_endpoint(broken.url()).await.unwrap().id;
    process.add_endpoint(well.url()).await.unwrap();
    open_circuit(&process, &mut broken, &endpoint).await;
    well.take();

    process.event().await;
    well.next().await;
    assert_eq!(broken.unread(), 0, "it is left alone");
}

#[tokio::test]
async fn a_probe_that_succeeds_brings_forward_what_waits_for_hours() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let endpoint = process.add_endpoint(receiver.url()).await.unwrap().id;
    receiver.next_time(Reaction::AnswerWith(503, "retry-after", "36000".to_owned()));
    process.event().await;
    let asked_for_hours = receiver.next().await;
    open_circuit(&process, &mut receiver, &endpoint).await;

    receiver.always(Reaction::Answer(200));
    process.pass(Duration::from_mins(1));
    process.all_settled().await;

    let told = receiver.take();
    let ids: Vec<_> = told.iter().map(|request| request.header("webhook-id")).collect();
    assert!(ids.contains(&asked_for_hours.header("webhook-id")), "ten hours early");
}

#[tokio::test]
async fn a_receiver_that_fails_for_five_days_is_disabled_and_recovers_what_it_missed() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let mut other = Receiver::start().await;
    let process = machine.start().await;
    let endpoint = process.add_endpoint(receiver.url()).await.unwrap().id;
    process.add_endpoint(other.url()).await.unwrap();
    let begun = process.now();
    receiver.always(Reaction::Answer(500));
    let mut hours = 0;
    while state(&process, &endpoint).await != EndpointState::Disabled {
        process.commit_event().await;
        process.pass(Duration::from_hours(1));
        process.caught_up().await;
        hours += 1;
        assert!(hours < 200, "it is never disabled");
    }
    assert!(hours >= 120, "{hours} hours are no five days");
    process.commit_event().await;
    process.pass(Duration::from_secs(1));
    process.all_settled().await;
    let told = other.take();
    assert!(told.iter().any(|request| request.text().contains(r#""event":"endpoint.disabled""#)));
    receiver.take();

    receiver.always(Reaction::Answer(200));
    let caller = &process.caller;
    process.engine.act_on_endpoint(caller, &endpoint, EndpointAct::Enable).await.unwrap();
    let recovered = process.engine.recover_endpoint(caller, &endpoint, begun, None).await.unwrap();
    assert!(recovered.missed >= 1, "what happened while it was disabled: {recovered:?}");
    process.all_settled().await;
    let mut ids: Vec<_> =
        receiver.take().iter().map(|request| request.header("webhook-id").to_owned()).collect();
    ids.sort();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "each once");
    assert!(all > hours, "{all} of {hours} events, and that it was disabled");
}

#[tokio::test]
async fn a_delivery_that_was_parked_is_kept_and_sent_again_when_asked_for() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let endpoint = process.add_endpoint(receiver.url()).await.unwrap().id;
    receiver.always(Reaction::Answer(422));
    process.event().await;
    for _ in 0..11 {
        receiver.next().await;
        process.pass_until_due().await;
    }
    let last = receiver.next().await;
    process.all_settled().await;
    let parked = DeliveryFilter { state: Some(DeliveryState::Failed), ..DeliveryFilter::default() };
    let parked = process.engine.deliveries(&process.caller, &endpoint, &parked, 10).await.unwrap();
    assert_eq!((parked.len(), parked[0].status, parked[0].attempts), (1, Some(422), 12));

    receiver.always(Reaction::Answer(200));
    // Its circuit is open: it goes with the next probe.
    process.engine.resend(&process.caller, &parked[0].id).await.unwrap();
    process.pass(Duration::from_mins(5));
    let again = receiver.next().await;
    assert_eq!(again.header("webhook-id"), last.header("webhook-id"));
    process.all_settled().await;
    let detail = process.engine.delivery(&process.caller, &parked[0].id).await.unwrap().unwrap();
    assert_eq!((detail.delivery.state, detail.attempts.len()), (DeliveryState::Delivered, 13));
}
