//! The same on PostgreSQL.

use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use crate::support::{Home, hello};

/// A home on a database of its own. Fails rather than skips: a test that did not run proves nothing.
async fn home() -> Home {
    let server = std::env::var_os("CETAR_TEST_POSTGRES").unwrap_or_else(|| {
        panic!("CETAR_TEST_POSTGRES is not set: run the tests as `scripts/postgres run -- cargo nextest run -p cetar`")
    });
    let server = server.into_string().unwrap();
    let mut random = [0; 8];
    getrandom::fill(&mut random).unwrap();
    let name = format!("cetar_binary_{:016x}", u64::from_le_bytes(random));
    let mut connection = PgConnection::connect(&server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .unwrap();
    let mut url: url::Url = server.parse().unwrap();
    url.set_path(&name);
    Home::new().with("CETAR_DATABASE_URL", url.to_string())
}

#[tokio::test]
async fn it_starts_sends_and_is_managed_on_postgresql() {
    let home = home().await;
    let server = home.serve();
    let (status, answer) = server.request("POST", "/v1/messages", Some(&server.test_key()), Some(&hello()));
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("queued")), "{answer}");
    home.run(&["key", "create", "--name", "toko"]).ok();
    assert!(!home.file("cetar.db").exists());
    assert!(server.stop().success());
    assert_eq!(home.run(&["key", "list", "--json"]).json().as_array().unwrap().len(), 2);
    let said = home.run(&["doctor"]);
    assert!(said.out.contains("postgres, schema"), "{}", said.out);
    said.ok();
}

#[tokio::test]
async fn a_backup_on_postgresql_says_how_it_is_made_there() {
    let home = home().await;
    let server = home.serve();
    let refusal = home.run(&["backup", "cetar.backup"]).refused();
    assert!(refusal.contains("pg_dump"), "{refusal}");
    assert!(server.stop().success());
    let backup = home.path().join("cetar.backup");
    assert!(!backup.exists());
    std::fs::write(&backup, "x").unwrap();
    let refusal = home.run(&["restore", "cetar.backup"]).refused();
    assert!(refusal.contains("pg_restore"), "{refusal}");
}

#[tokio::test]
async fn a_command_makes_nothing_in_an_empty_postgresql_database() {
    let home = home().await.with("CETAR_MASTER_KEY", format!("cmk_{}", "3".repeat(64)));
    std::fs::create_dir(home.data()).unwrap();
    let refusal = home.run(&["key", "list"]).refused();
    assert!(refusal.contains("the database is empty"), "{refusal}");
    assert!(home.serve().said.contains("sk_test_"), "the first start is still to come");
}

#[tokio::test]
async fn a_stranger_s_master_key_is_refused_on_postgresql_and_none_is_left_behind() {
    let first = home().await;
    assert!(first.serve().stop().success());
    let url = first.variable("CETAR_DATABASE_URL");
    let second = Home::new().with("CETAR_DATABASE_URL", url);
    let refusal = second.run(&["serve"]).refused();
    assert!(refusal.contains("put back the master.key"), "{refusal}");
    assert!(!second.file("master.key").exists());
}
