//! How linking goes, and how it ends.

use std::time::Duration;

use cetar_model::{Channel, Clock, DownReason, LinkMethod, LinkOutcome, PhoneNumber};
use cetar_provider::{LinkError, LinkProcess, LinkRequest, LinkStep, Provider};
use rstest::rstest;

use crate::gateway::Gateway;

#[rstest]
#[case::by_qr(LinkMethod::Qr, None, "6200012345678")]
#[case::by_code(LinkMethod::PairingCode, Some("6281234567890"), "6281234567890")]
#[tokio::test]
async fn linking_needs_nobody(
    #[case] method: LinkMethod,
    #[case] phone: Option<&str>,
    #[case] address: &str,
) {
    let gateway = Gateway::on(Channel::Whatsapp).await;
    let phone = phone.map(|phone| PhoneNumber::parse(phone).unwrap());
    let request = LinkRequest { method, phone, outcome: None };
    let linking = gateway.provider.link(gateway.account.clone(), request, gateway.host.clone());
    let mut linking = linking.await.unwrap();
    let shown = linking.next().await.unwrap();
    match method {
        LinkMethod::Qr => assert!(matches!(shown, LinkStep::Qr { .. })),
        LinkMethod::PairingCode => assert!(matches!(shown, LinkStep::Code { code, .. } if code.len() == 8)),
    }
    let (step, ()) = tokio::join!(linking.next(), async { gateway.clock.advance(Duration::from_secs(1)) });
    assert!(step.unwrap() == LinkStep::Connecting);
    assert!(matches!(linking.next().await.unwrap(), LinkStep::Done(linked) if linked.address == address));
    assert!(linking.next().await.is_err());
}

#[tokio::test]
async fn an_account_that_another_device_has_is_not_linked_a_second_time() {
    let gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.host.link_elsewhere("6200012345678");
    let request = LinkRequest { method: LinkMethod::Qr, phone: None, outcome: None };
    let linking = gateway.provider.link(gateway.account.clone(), request, gateway.host.clone());
    let mut linking = linking.await.unwrap();
    linking.next().await.unwrap();
    let (step, ()) = tokio::join!(linking.next(), async { gateway.clock.advance(Duration::from_secs(1)) });
    assert!(step.unwrap() == LinkStep::Connecting);
    assert!(matches!(linking.next().await, Err(LinkError::Refused(DownReason::AlreadyLinked))));
}

#[tokio::test]
async fn a_device_without_a_number_is_given_one_that_stays() {
    let mut gateway = Gateway::on(Channel::Whatsapp).await;
    gateway.account.address = None;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let request = LinkRequest { method: LinkMethod::Qr, phone: None, outcome: None };
        let linking = gateway.provider.link(gateway.account.clone(), request, gateway.host.clone());
        let mut linking = linking.await.unwrap();
        linking.next().await.unwrap();
        let (step, ()) =
            tokio::join!(linking.next(), async { gateway.clock.advance(Duration::from_secs(1)) });
        step.unwrap();
        if let LinkStep::Done(linked) = linking.next().await.unwrap() {
            numbers.push(linked.address);
        }
    }
    assert!(PhoneNumber::parse(&numbers[0]).is_ok_and(|number| number.as_str().starts_with("62000")));
    assert_eq!(numbers[0], numbers[1]);
}

#[tokio::test]
async fn channels_that_link_by_settings_have_no_qr() {
    for channel in Channel::ALL.iter().filter(|channel| **channel != Channel::Whatsapp) {
        let gateway = Gateway::on(*channel).await;
        let request = LinkRequest { method: LinkMethod::Qr, phone: None, outcome: None };
        assert!(gateway.provider.link(gateway.account.clone(), request, gateway.host.clone()).await.is_err());
    }
}

/// Everything that is shown, with the second at which it was; the last is how it ended.
async fn shown(method: LinkMethod, outcome: LinkOutcome) -> Vec<String> {
    let gateway = Gateway::on(Channel::Whatsapp).await;
    let phone = PhoneNumber::parse("6281234567890").ok();
    let request = LinkRequest { method, phone, outcome: Some(outcome) };
    let linking = gateway.provider.link(gateway.account.clone(), request, gateway.host.clone());
    let mut linking = linking.await.unwrap();
    let mut shown = Vec::new();
    loop {
        let step = next(&gateway, &mut *linking).await;
        let second = gateway.clock.now().since(gateway.began).as_secs();
        match step {
            Ok(LinkStep::Qr { data, expires_in }) => {
                shown.push(format!("{second} qr {} for {}", data.len(), expires_in.as_secs()));
            }
            Ok(LinkStep::Code { expires_in, .. }) => {
                shown.push(format!("{second} code for {}", expires_in.as_secs()));
            }
            Ok(LinkStep::Connecting) => shown.push(format!("{second} connecting")),
            Ok(LinkStep::Done(linked)) => break shown.push(format!("{second} linked {}", linked.address)),
            Err(LinkError::Refused(reason)) => break shown.push(format!("{second} {reason}")),
            Err(error) => break shown.push(format!("{second} {error}")),
        }
    }
    shown
}

/// The next step, time passing meanwhile.
async fn next(gateway: &Gateway, linking: &mut dyn LinkProcess) -> Result<LinkStep, LinkError> {
    let mut step = linking.next();
    loop {
        tokio::select! {
            biased;
            step = &mut step => return step,
            () = tokio::task::yield_now() => gateway.clock.advance(Duration::from_secs(1)),
        }
    }
}

#[rstest]
#[case::linked(LinkMethod::Qr, LinkOutcome::Linked, &["0 qr 44 for 60", "1 connecting", "1 linked 6281234567890"])]
#[case::nobody_scans(LinkMethod::Qr, LinkOutcome::Expired, &[
    "0 qr 44 for 5", "5 qr 46 for 5", "10 qr 46 for 5", "15 qr 46 for 5", "20 link_expired",
])]
#[case::nobody_types(LinkMethod::PairingCode, LinkOutcome::Expired, &["0 code for 5", "5 link_expired"])]
#[case::passkey(LinkMethod::Qr, LinkOutcome::Passkey, &["0 qr 44 for 60", "1 passkey_required"])]
#[case::elsewhere(LinkMethod::PairingCode, LinkOutcome::AlreadyLinked, &[
    "0 code for 60", "1 connecting", "1 already_linked",
])]
#[case::banned(LinkMethod::Qr, LinkOutcome::Banned, &["0 qr 44 for 60", "1 banned"])]
#[case::throttled(LinkMethod::PairingCode, LinkOutcome::TooManyAttempts, &[
    "0 linking failed: the network takes no pairing code for this number now; wait a while, or link by QR",
])]
#[tokio::test]
async fn linking_goes_as_it_was_asked_to(
    #[case] method: LinkMethod,
    #[case] outcome: LinkOutcome,
    #[case] expected: &[&str],
) {
    assert_eq!(shown(method, outcome).await, expected);
}
