//! How the server stops.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Instant,
};

use crate::support::{Home, PATIENCE, code, hello};
use nix::sys::signal::Signal;

#[test]
fn sigterm_and_ctrl_c_drain_and_end_well() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let home = Home::new();
        let server = home.serve();
        server.signal(signal);
        let (status, log) = server.wait();
        assert_eq!(code(status), 0, "{log}");
        assert!(log.contains("stopped"), "{log}");
        assert!(!home.file("cetar.sock").exists());
    }
}

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let home = Home::new();
    let server = home.serve();
    let (key, body) = (server.test_key(), hello().to_string());
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (first, second) = body.split_at(body.len() / 2);
    write!(
        stream,
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n{first}",
        body.len()
    )
    .unwrap();
    // The server asks for the rest once it works on the request.
    let mut asked = [0; 12];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    server.signal(Signal::SIGTERM);
    stream.write_all(second.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("HTTP/1.1 200"), "{answer}");
    assert_eq!(code(server.wait().0), 0);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let home = Home::new();
    let server = home.serve();
    let key = server.test_key();
    // A request that never ends its body keeps the first drain waiting.
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n{{"
    )
    .unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    let begun = Instant::now();
    server.signal(Signal::SIGTERM);
    while TcpStream::connect(server.address).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it goes on accepting");
        std::thread::yield_now();
    }
    server.signal(Signal::SIGTERM);
    let (status, log) = server.wait();
    assert_eq!(code(status), 143, "{log}");
    assert!(log.contains("ended at once"), "{log}");
}

#[test]
fn what_was_accepted_before_a_kill_is_there_afterwards() {
    let home = Home::new();
    let server = home.serve();
    let key = server.test_key();
    let (_, answer) = server.request("POST", "/v1/messages", Some(&key), Some(&hello()));
    let job = answer["data"]["job_id"].as_str().unwrap().to_owned();
    server.signal(Signal::SIGKILL);
    server.wait();
    let again = home.serve();
    let (status, shown) = again.get(&format!("/v1/jobs/{job}"), &key);
    assert_eq!(status, 200, "{shown}");
}
