//! Adding and removing endpoints.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cetar_engine::endpoints::{EndpointError, NewEndpoint};
use rstest::rstest;
use secrecy::ExposeSecret;

use crate::{
    process::Machine,
    receiver::{Reaction, Receiver},
};

#[rstest]
#[case::https("https://shop.example/hooks/cetar?token=1")]
#[case::an_allowed_address("http://127.0.0.1:8000/")]
#[case::a_name_on_the_lan("http://shop.lan/")]
#[tokio::test]
async fn an_endpoint_is_listed_once_it_is_added(#[case] url: &str) {
    let machine = Machine::new();
    let process = machine.start().await;

    let endpoint = process.add_endpoint(url).await.unwrap();

    let listed = process.engine.endpoints(&process.caller).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|listed| (&listed.id, listed.url.as_str())).collect();
    assert_eq!(listed, [(&endpoint.id, url)]);
}

#[rstest]
#[case::plain_http("http://9.9.9.9/", "plain http")]
#[case::a_private_address("https://192.168.1.1/", "is private")]
#[case::metadata("https://169.254.169.254/", "metadata")]
#[case::a_password("https://user:password@shop.example/", "password")]
#[case::another_scheme("ftp://shop.example/", "https")]
#[case::not_a_url("shop.example/hook", "not a URL")]
#[case::very_long(&*format!("https://shop.example/{}", "x".repeat(2_048)).leak(), "longer")]
#[tokio::test]
async fn a_url_that_will_never_be_called_is_refused_with_the_reason(#[case] url: &str, #[case] reason: &str) {
    let machine = Machine::new();
    let process = machine.start().await;

    let Err(EndpointError::Url(why)) = process.add_endpoint(url).await else { panic!("added {url}") };

    assert!(why.contains(reason), "{why}");
    assert_eq!(process.engine.endpoints(&process.caller).await.unwrap().len(), 0);
}

#[tokio::test]
async fn its_secret_is_32_bytes_that_no_other_endpoint_has() {
    let machine = Machine::new();
    let process = machine.start().await;
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let (_, secret) = process.add("https://shop.example/").await.unwrap();
        let secret = secret.expose_secret().strip_prefix("whsec_").expect("its prefix").to_owned();
        assert_eq!(STANDARD.decode(&secret).unwrap().len(), 32);
        secrets.push(secret);
    }
    assert_ne!(secrets[0], secrets[1]);
}

#[tokio::test]
async fn an_endpoint_for_one_device_needs_that_device() {
    let machine = Machine::new();
    let process = machine.start().await;
    let for_device = async |device: &str| {
        let device = Some(device.parse().unwrap());
        let url = "https://shop.example/".to_owned();
        let endpoint = NewEndpoint { url, device, ..NewEndpoint::default() };
        process.engine.add_endpoint(&process.caller, endpoint).await
    };
    assert!(for_device(process.device.as_str()).await.is_ok());
    let unknown = for_device("dev_00000000000000000000000000000000").await;
    assert!(matches!(unknown, Err(EndpointError::NoSuchDevice)));
}

#[tokio::test]
async fn another_workspace_neither_sees_nor_removes_it() {
    let machine = Machine::new();
    let process = machine.start().await;
    let endpoint = process.add_endpoint("https://shop.example/").await.unwrap();
    let other = process.engine.add_workspace("Warung Siti".to_owned()).await.unwrap();
    let other = process.engine.operator(other);

    assert_eq!(process.engine.endpoints(&other).await.unwrap().len(), 0);
    let removed = process.engine.remove_endpoint(&other, &endpoint.id).await;
    assert!(matches!(removed, Err(EndpointError::NotFound)));
    assert!(process.endpoint(&endpoint.id).await.is_some());
}

#[tokio::test]
async fn what_was_on_its_way_to_a_removed_endpoint_is_dropped() {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let process = machine.start().await;
    let endpoint = process.add_endpoint(receiver.url()).await.unwrap();
    receiver.next_time(Reaction::Answer(500));
    process.event().await;
    receiver.next().await;
    process.rescheduled().await;

    process.engine.remove_endpoint(&process.caller, &endpoint.id).await.unwrap();
    let again = process.engine.remove_endpoint(&process.caller, &endpoint.id).await;
    assert!(matches!(again, Err(EndpointError::NotFound)), "it is gone");

    assert_eq!((process.open_deliveries().await, process.next_due().await), (0, None));
}
