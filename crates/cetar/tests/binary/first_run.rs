//! The first start on an empty data directory.

use std::process::Command;

use crate::support::Home;

#[test]
fn the_first_start_makes_everything_for_its_owner_alone() {
    let home = Home::new();
    let _server = home.serve();
    assert_eq!(home.mode(""), 0o700);
    for file in ["master.key", "cetar.db", "cetar.sock", "cetar.lock", "node"] {
        assert_eq!(home.mode(file), 0o600, "{file}");
    }
    let devices = home.run(&["device", "list", "--json"]).json();
    let channels: Vec<_> = devices.as_array().unwrap().iter().map(|device| &device["channel"]).collect();
    assert_eq!(channels, ["whatsapp", "whatsapp-official", "telegram", "messenger", "instagram"]);
    assert!(devices.as_array().unwrap().iter().all(|device| device["sandbox"] == true));
}

#[test]
fn what_is_told_is_told_once_and_never_logged() {
    let home = Home::new().with("CETAR_LOG__LEVEL", "trace");
    let server = home.serve();
    let key = server.test_key();
    let password = server.said.lines().find(|line| line.contains("owner@localhost")).unwrap();
    let password = password.split_whitespace().nth(2).unwrap().to_owned();
    assert_eq!(password.len(), 23);
    assert!(server.said.contains(&format!("Dashboard   {}/", server.url)));
    server.get("/v1/devices", &key);
    server.signal(nix::sys::signal::Signal::SIGTERM);
    let (_, log) = server.wait();
    assert!(!log.is_empty());
    for secret in [&key, &password] {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }

    let again = home.serve();
    assert_eq!(again.said, format!("Cetar is listening on {} (stop: Ctrl-C)\n", again.url));
    assert_eq!(again.get("/v1/devices", &key).0, 200, "the key goes on working");
}

#[test]
fn the_printed_request_works_when_pasted() {
    let home = Home::new();
    let server = home.serve();
    let line = server.said.lines().map(str::trim).find(|line| line.starts_with("curl ")).unwrap();
    for shell in ["sh", "bash"] {
        let pasted = Command::new(shell).args(["-c", &format!("{line} --silent --show-error")]).output();
        let pasted = pasted.unwrap_or_else(|error| panic!("{shell}: {error}"));
        let answer: serde_json::Value = serde_json::from_slice(&pasted.stdout)
            .unwrap_or_else(|_| panic!("{shell}: {}", String::from_utf8_lossy(&pasted.stderr)));
        assert_eq!(answer["success"], true, "{answer}");
        assert_eq!(answer["data"]["status"], "queued");
        let job = answer["data"]["job_id"].as_str().unwrap();
        let (status, shown) = server.get(&format!("/v1/jobs/{job}"), &server.test_key());
        assert_eq!(status, 200, "{shown}");
    }
}

#[test]
fn a_first_start_that_cannot_answer_the_command_line_makes_nothing() {
    let home = Home::new();
    let in_the_way = home.data().join("cetar.sock/kept");
    std::fs::create_dir_all(&in_the_way).unwrap();
    // Refused without a word on standard output: no secret is told that was not stored.
    let told = home.run(&["serve"]).refused();
    assert!(told.contains("cetar.sock cannot be made"), "{told}");

    std::fs::remove_dir_all(home.data().join("cetar.sock")).unwrap();
    let server = home.serve();
    assert_eq!(server.get("/v1/devices", &server.test_key()).0, 200, "the first run is made now, and told");
}
