//! `cetar doctor`

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

use crate::support::{Home, Said};
use serde_json::Value;

fn finding(said: &Said, check: &str) -> Value {
    let all: Value = serde_json::from_str(&said.out).unwrap();
    let found = all.as_array().unwrap().iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("no {check} in {}", said.out)).clone()
}

#[test]
fn a_healthy_server_passes_every_check() {
    let home = Home::new();
    let server = home.serve();
    let said = home.run(&["doctor"]);
    assert!(!said.out.contains("FAIL"), "{}", said.out);
    assert!(said.out.contains("running and ready"), "{}", said.out);
    said.ok();
    assert!(server.stop().success());
    let said = home.run(&["doctor", "--json"]);
    assert_eq!(finding(&said, "server")["message"], "not running");
    assert_eq!(finding(&said, "database")["status"], "ok");
    said.ok();
}

#[test]
fn it_changes_nothing_where_nothing_is() {
    let home = Home::new();
    let said = home.run(&["doctor", "--json"]);
    assert_eq!(finding(&said, "data directory")["status"], "warn");
    said.ok();
    assert!(!home.data().exists());
}

#[test]
fn every_failure_says_what_to_do() {
    let (home, _) = Home::new().served_once();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = home.with("CETAR_LISTEN", taken.local_addr().unwrap().to_string());
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(home.file("master.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = home.run(&["doctor", "--json"]);
    assert!(!said.status.success());
    assert_eq!(finding(&said, "port")["status"], "fail");
    assert!(finding(&said, "port")["message"].as_str().unwrap().contains("--listen"));
    assert!(finding(&said, "data directory")["action"].as_str().unwrap().contains("chmod 700"));
    assert!(finding(&said, "master key")["message"].as_str().unwrap().contains("chmod 600"));
}

#[test]
fn a_wrong_configuration_is_a_failure() {
    let home = Home::new().with("CETAR_LISTEN", "everywhere");
    let said = home.run(&["doctor"]);
    assert!(!said.status.success() && said.out.contains("FAIL  configuration"), "{}", said.out);
}

#[test]
fn a_server_that_does_not_know_its_own_address_is_a_failure() {
    let home = Home::new().with("CETAR_PROXY__TRUSTED", "127.0.0.1/32");
    let said = home.run(&["doctor", "--json"]);
    assert!(!said.status.success());
    assert!(finding(&said, "address")["message"].as_str().unwrap().contains("Set `public_url`"));
    let home = home.with("CETAR_PUBLIC_URL", "https://pesan.example.com");
    let said = home.run(&["doctor", "--json"]);
    assert_eq!(finding(&said, "address")["status"], "ok");
    said.ok();
}

#[test]
fn with_network_it_tries_the_addresses_it_needs() {
    let there = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new()
        .with("CETAR_PUBLIC_URL", format!("http://{}", there.local_addr().unwrap()))
        .with("CETAR_WHATSAPP_WEB__URL", "ws://127.0.0.1:9/ws/chat");
    let said = home.run(&["doctor", "--json", "--network"]);
    assert_eq!(finding(&said, "public_url")["status"], "ok");
    assert_eq!(finding(&said, "whatsapp")["status"], "fail");
    assert!(finding(&said, "whatsapp")["action"].as_str().unwrap().contains("outgoing connections"));
}

#[test]
fn for_a_health_check_it_asks_the_running_server_only() {
    let (home, _) = Home::new().served_once();
    let said = home.run(&["doctor", "--ready"]);
    assert!(!said.status.success() && said.out.contains("not running"), "{said:?}");
    let nowhere = Home::new().run(&["doctor", "--ready"]);
    assert!(!nowhere.status.success() && nowhere.out.contains("no data directory"), "{nowhere:?}");
    let server = home.serve();
    let begun = std::time::Instant::now();
    let said = loop {
        let said = home.run(&["doctor", "--ready"]);
        if said.status.success() || begun.elapsed() > crate::support::PATIENCE {
            break said;
        }
    };
    assert_eq!(said.ok(), "ok    server          running and ready");
    assert!(server.stop().success());
}
