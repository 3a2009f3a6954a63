//! What a start that must not be says, and that it damages nothing.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

use crate::support::{Home, contents};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

#[test]
fn a_second_server_is_refused_and_told_the_first_ones_pid() {
    let home = Home::new();
    let server = home.serve();
    let refusal = home.run(&["serve"]).refused();
    assert!(
        refusal.contains(&format!("already running on this data directory, pid {}", server.pid())),
        "{refusal}"
    );
    assert!(server.get("/v1/devices", &server.test_key()).0 == 200, "the first goes on");
}

#[test]
fn a_wrong_master_key_is_refused_and_nothing_is_changed() {
    let (home, _) = Home::new().served_once();
    fs::rename(home.file("master.key"), home.path().join("right.key")).unwrap();
    let before = contents(&home.data());

    let wrong = format!("cmk_{}", "0".repeat(64));
    let stranger = home.command(&["serve"]).env("CETAR_MASTER_KEY", &wrong).output().unwrap();
    assert!(!stranger.status.success());
    let told = String::from_utf8(stranger.stderr).unwrap();
    assert!(told.contains("put back the master.key"), "{told}");

    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("put back the master.key"), "{refusal}");
    let unchanged = |name: &str| {
        let of = |all: &[(std::path::PathBuf, Vec<u8>)]| {
            all.iter().find(|(path, _)| path.ends_with(name)).cloned()
        };
        assert_eq!(of(&before), of(&contents(&home.data())), "{name}");
    };
    ["cetar.db", "node", "master.key"].into_iter().for_each(unchanged);

    fs::rename(home.path().join("right.key"), home.file("master.key")).unwrap();
    assert!(home.serve().stop().success());
}

#[test]
fn the_master_key_may_come_from_the_environment() {
    let home = Home::new().with("CETAR_MASTER_KEY", format!("cmk_{}", "7".repeat(64)));
    assert!(home.serve().stop().success());
    assert!(!home.file("master.key").exists());
    home.run(&["webhook", "add", "--url", "https://example.com/hook"]).ok();
}

#[test]
fn a_master_key_that_others_can_read_is_refused() {
    let (home, _) = Home::new().served_once();
    fs::set_permissions(home.file("master.key"), fs::Permissions::from_mode(0o640)).unwrap();
    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("mode 0640") && refusal.contains("chmod 600"), "{refusal}");
}

#[test]
fn a_master_key_that_is_none_is_refused_without_being_quoted() {
    let (home, _) = Home::new().served_once();
    fs::write(home.file("master.key"), "cmk_hunter2\n").unwrap();
    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("master key is not usable") && !refusal.contains("hunter2"), "{refusal}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_as_it_is() {
    let (home, _) = Home::new().served_once();
    let database = home.file("cetar.db");
    let mut connection = SqliteConnectOptions::new().filename(&database).connect().await.unwrap();
    sqlx::query("INSERT INTO schema_version (version, name) VALUES (9999, 'from the future')")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let before = fs::read(&database).unwrap();
    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("schema 9999") && refusal.contains("install"), "{refusal}");
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn a_port_that_is_taken_is_named_with_how_to_choose_another() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refusal = home.run(&["serve", "--listen", &address]).refused();
    assert!(refusal.contains(&address) && refusal.contains("--listen"), "{refusal}");
    // The first run's secrets were not made only to be lost.
    let server = home.serve();
    assert!(server.said.contains("sk_test_"));
}

#[test]
fn off_the_loopback_it_wants_tls_or_a_proxy() {
    let home = Home::new();
    let refusal = home.run(&["serve", "--listen", "0.0.0.0:0"]).refused();
    for way in ["tls.cert", "proxy.trusted", "--listen 127.0.0.1"] {
        assert!(refusal.contains(way), "{refusal}");
    }
    assert!(!home.data().exists(), "nothing was made");
    let behind = Home::new().with("CETAR_PROXY__TRUSTED", "127.0.0.1/32");
    let refusal = behind.run(&["serve", "--listen", "0.0.0.0:0"]).refused();
    assert!(refusal.contains("Set `public_url`"), "{refusal}");
    let behind = behind.with("CETAR_PUBLIC_URL", "https://pesan.example.com");
    let server = behind.serve_with(&["--listen", "0.0.0.0:0"]);
    assert!(server.address.ip().is_loopback(), "the address is one that can be used: {}", server.url);
}

#[test]
fn an_unknown_key_is_named() {
    let home = Home::new();
    fs::write(home.path().join("cetar.toml"), "[limits]\nrequest_per_minute = 5\n").unwrap();
    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("unknown key `limits.request_per_minute`"), "{refusal}");
    fs::remove_file(home.path().join("cetar.toml")).unwrap();
    let home = home.with("CETAR_META_GRAPH_URL", "x");
    let refusal = home.run(&["key", "list"]).refused();
    assert!(refusal.contains("did you mean CETAR_META__GRAPH_URL?"), "{refusal}");
}

#[test]
fn a_database_that_cannot_be_reached_is_told() {
    let home = Home::new().with("CETAR_DATABASE_URL", "postgres://cetar:hunter2@127.0.0.1:9/cetar");
    let refusal = home.run(&["serve"]).refused();
    assert!(refusal.contains("cannot be reached") && !refusal.contains("hunter2"), "{refusal}");
    assert!(!home.file("master.key").exists(), "no key is left behind for a database nobody saw");
}

#[test]
fn migrate_prepares_a_database_and_the_first_start_is_still_the_first() {
    let home = Home::new();
    home.run(&["migrate"]).ok();
    assert!(home.file("cetar.db").exists());
    let server = home.serve();
    assert!(server.said.contains("sk_test_"));
    let refusal = home.run(&["migrate"]).refused();
    assert!(refusal.contains("already running"), "{refusal}");
}
