//! HTTPS by certificate files.

use std::{fs, process::Command};

use crate::support::{Home, Server};

/// Writes a certificate for localhost and its key.
fn certificate(home: &Home, name: &str) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    fs::write(home.path().join(format!("{name}.pem")), made.cert.pem()).unwrap();
    fs::write(home.path().join(format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
}

fn home() -> Home {
    let home = Home::new().with("CETAR_TLS__CERT", "cert.pem").with("CETAR_TLS__KEY", "cert.key");
    certificate(&home, "cert");
    home
}

fn curl(home: &Home, server: &Server, options: &[&str]) -> std::process::Output {
    Command::new("curl")
        .args(["--silent", "--show-error", "--cacert", "cert.pem"])
        .args(options)
        .arg(format!("{}/healthz", server.url))
        .current_dir(home.path())
        .output()
        .unwrap()
}

#[test]
fn it_speaks_https_with_the_certificate_given() {
    let home = home().with("CETAR_PUBLIC_URL", "https://pesan.example.com");
    let server = home.serve_with(&["--listen", "0.0.0.0:0"]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    for version in ["--http1.1", "--http2"] {
        let answer = curl(&home, &server, &[version]);
        assert!(answer.status.success(), "{version}: {}", String::from_utf8_lossy(&answer.stderr));
    }
    assert!(server.stop().success());
}

#[test]
fn the_printed_request_works_with_a_certificate_of_ones_own() {
    let home = home();
    let server = home.serve();
    let line = server.said.lines().map(str::trim).find(|line| line.starts_with("curl ")).unwrap();
    let pasted = Command::new("sh").args(["-c", &format!("{line} --silent --show-error")]).output().unwrap();
    let answer = String::from_utf8(pasted.stdout).unwrap();
    assert!(answer.contains("\"job_id\""), "{answer} {}", String::from_utf8_lossy(&pasted.stderr));
}

#[test]
fn a_renewed_certificate_is_taken_without_a_restart() {
    let home = home();
    let server = home.serve();
    assert!(curl(&home, &server, &[]).status.success());
    certificate(&home, "cert");
    assert!(!curl(&home, &server, &[]).status.success(), "the old one is still in use");
    server.signal(nix::sys::signal::Signal::SIGHUP);
    let begun = std::time::Instant::now();
    while !curl(&home, &server, &[]).status.success() {
        assert!(begun.elapsed() < crate::support::PATIENCE, "{}", server.log());
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_told() {
    let home = home();
    certificate(&home, "other");
    fs::copy(home.path().join("other.key"), home.path().join("cert.key")).unwrap();
    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("does not belong to the certificate"), "{refusal}");
    fs::write(home.path().join("cert.pem"), "not a certificate").unwrap();
    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("`tls.cert`") && refusal.contains("cert.pem"), "{refusal}");
    fs::remove_file(home.path().join("cert.pem")).unwrap();
    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("cannot be read"), "{refusal}");
    assert!(!home.data().exists(), "nothing was made");
}
