//! What machines ask: health, figures, log lines; and a disk that is full.

use std::{process::Command, time::Instant};

use serde_json::Value;

use crate::support::{Home, PATIENCE, Server, hello};

#[test]
fn it_says_that_it_is_alive_and_ready() {
    let server = Home::new().serve();
    assert_eq!(server.request("GET", "/healthz", None, None).0, 200);
    until(&server, "it is ready", |server| server.request("GET", "/readyz", None, None).0 == 200);
}

#[test]
fn figures_are_shown_to_this_machine() {
    let server = Home::new().serve();
    let (_, accepted) = server.request("POST", "/v1/messages", Some(&server.test_key()), Some(&hello()));
    assert_eq!(accepted["success"], true, "{accepted}");
    let shown =
        |server: &Server| server.request("GET", "/metrics", None, None).1.as_str().unwrap().to_owned();
    until(&server, "the queue is counted", |server| shown(server).contains("\ncetar_queue_jobs "));
    let figures = shown(&server);
    for figure in [
        "# HELP cetar_queue_jobs Messages accepted and not yet sent",
        "cetar_build_info{",
        "cetar_http_request_duration_seconds_bucket{",
        "cetar_messages_accepted_total{channel=\"whatsapp\"} 1",
    ] {
        assert!(figures.contains(figure), "{figure} is not in\n{figures}");
    }
}

#[test]
fn one_request_id_leads_from_the_answer_to_the_network_in_a_json_log() {
    let home = Home::new().with("CETAR_LOG__FORMAT", "json");
    let server = home.serve();
    server.request("POST", "/v1/messages", Some(&server.test_key()), Some(&hello()));
    until(&server, "it is sent", |server| server.log().contains(r#""message":"sent""#));
    server.signal(nix::sys::signal::Signal::SIGTERM);
    let (_, log) = server.wait();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    let answered = lines.iter().find(|line| line["route"] == "/v1/messages").unwrap();
    let request = answered["span"]["request_id"].as_str().unwrap();
    assert!(request.starts_with("req_"), "{answered}");
    let attempt = lines.iter().find(|line| line["span"]["name"] == "attempt").expect("the attempt's line");
    assert_eq!(attempt["span"]["request_id"], request, "{attempt}");
    assert_eq!(attempt["span"]["job"], answered["job"], "{attempt}");
    assert!(!log.contains("6281234567890") && !log.contains("Halo"), "no number and no content");
}

/// The signal that comes with a limit on files is for those who do not check what a write says.
const UNHEEDED: &str = "trap '' XFSZ";

#[test]
fn a_disk_that_is_full_at_the_start_is_told_and_nothing_is_damaged() {
    let home = Home::new();
    // No file may grow beyond a few KiB: what a full disk does, for one process.
    let output = home.serve_command_after(&format!("{UNHEEDED}; ulimit -f 8")).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("cannot be written"), "{told}");
    assert!(told.contains("disk space"), "{told}");
    assert!(home.serve().said.contains("sk_test_"), "the first start is still to come");
}

#[test]
fn a_disk_that_fills_up_loses_nothing_and_the_server_recovers_by_itself() {
    let home = Home::new();
    let server = Server::start(home.serve_command_after(UNHEEDED));
    let key = server.test_key();
    let send = || server.request("POST", "/v1/messages", Some(&key), Some(&hello()));
    let (status, accepted) = send();
    assert_eq!(status, 200, "{accepted}");
    let limit = |bytes: &str| {
        let pid = server.pid().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}")]).status();
        assert!(set.unwrap().success());
    };
    // Every file is larger than this already.
    limit("1:unlimited");
    let (status, refused) = send();
    assert_eq!((status, &refused["error"]["code"]), (503, &"service_unavailable".into()), "{refused}");
    until(&server, "it is not ready", |server| server.request("GET", "/readyz", None, None).0 == 503);
    limit("unlimited");
    until(&server, "it is ready again", |server| server.request("GET", "/readyz", None, None).0 == 200);
    assert_eq!(send().0, 200);
    let job = accepted["data"]["job_id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/v1/jobs/{job}"), &key).0, 200);
}

/// Looks until it is so.
#[track_caller]
fn until(server: &Server, what: &str, is_so: impl Fn(&Server) -> bool) {
    let begun = Instant::now();
    while !is_so(server) {
        assert!(begun.elapsed() < PATIENCE, "not: {what}\n{}", server.log());
    }
}
