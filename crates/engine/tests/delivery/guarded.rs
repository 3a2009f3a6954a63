//! Addresses that are not called, whoever names them and whenever they lead there.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use cetar_engine::endpoints::EndpointError;
use cetar_model::EndpointId;
use cetar_provider::http;
use cetar_store::{DeliveryFilter, EndpointChange};
use rstest::rstest;

use crate::{
    process::{Machine, Process},
    receiver::{Reaction, Receiver},
};

#[rstest]
#[case::a_host_that_is_a_user_name("https://shop.example@10.0.0.1/")]
#[case::private_10("https://10.0.0.1/")]
#[case::private_172("https://172.16.0.1/")]
#[case::private_192("https://192.168.0.1/")]
#[case::carrier("https://100.64.0.1/")]
#[case::link_local("https://169.254.1.1/")]
#[case::metadata("https://169.254.169.254/latest/meta-data/")]
#[case::unspecified("https://0.0.0.0/")]
#[case::broadcast("https://255.255.255.255/")]
#[case::short("https://10.1/")]
#[case::octal("https://012.0.0.1/")]
#[case::hexadecimal("https://0xa.0.0.1/")]
#[case::decimal("https://167772161/")]
#[case::v6_loopback("https://[::1]/")]
#[case::v6_unspecified("https://[::]/")]
#[case::v6_private("https://[fd00::1]/")]
#[case::v6_link_local("https://[fe80::1]/")]
#[case::v6_site_local("https://[fec0::1]/")]
#[case::v4_mapped("https://[::ffff:10.0.0.1]/")]
#[case::v4_mapped_in_hexadecimal("https://[::ffff:a9fe:a9fe]/")]
#[case::v4_compatible("https://[::10.0.0.1]/")]
#[case::nat64("https://[64:ff9b::a00:1]/")]
#[case::six_to_four("https://[2002:a00:1::1]/")]
#[case::teredo("https://[2001:0:a00:1::1]/")]
#[tokio::test]
async fn an_address_inside_is_refused_when_it_is_named(#[case] url: &str) {
    let machine = Machine::new();
    let process = machine.start().await;
    let added = process.add_endpoint(url).await;
    assert!(matches!(added, Err(EndpointError::Url(_))), "added {url}");

    let endpoint = process.add_endpoint("https://shop.example/").await.unwrap().id;
    let change = EndpointChange { url: Some(url.to_owned()), ..EndpointChange::default() };
    let changed = process.engine.change_endpoint(&process.caller, &endpoint, change).await;
    assert!(matches!(changed, Err(EndpointError::Url(_))), "changed to {url}");
}

/// Leads to the first address once, then to the second.
struct Turncoat([IpAddr; 2], AtomicUsize);

#[async_trait]
impl http::Resolver for Turncoat {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        let Self([first, then], asked) = self;
        Ok(vec![if asked.fetch_add(1, Ordering::Relaxed) == 0 { *first } else { *then }])
    }
}

async fn last_error(process: &Process, endpoint: &EndpointId) -> Option<String> {
    process.rescheduled().await;
    let filter = DeliveryFilter::default();
    process.engine.deliveries(&process.caller, endpoint, &filter, 1).await.unwrap().remove(0).error
}

#[rstest]
#[case::metadata(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)))]
#[case::private(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)))]
#[case::mapped("::ffff:192.168.0.1".parse().unwrap())]
#[tokio::test]
async fn a_name_that_leads_inside_later_on_is_refused_when_it_is_dialled(#[case] inside: IpAddr) {
    let (machine, mut receiver) = (Machine::new(), Receiver::start().await);
    let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), inside];
    let resolver = Arc::new(Turncoat(addresses, AtomicUsize::new(0)));
    let process = machine.start_with(http::Options { resolver, ..http::Options::default() }).await;
    let url = receiver.url().replace("127.0.0.1", "receiver.example");
    let endpoint = process.add_endpoint(url).await.unwrap().id;
    // The connection is not kept for the second.
    receiver.next_time(Reaction::Cut);
    process.event().await;
    receiver.next().await;
    process.pass_until_due().await;

    let error = last_error(&process, &endpoint).await.unwrap();
    assert!(error.starts_with("refused_address: "), "{error}");
    assert!(!error.contains(&inside.to_string()), "it does not tell where the name led: {error}");
    assert_eq!(receiver.unread(), 0);
}
