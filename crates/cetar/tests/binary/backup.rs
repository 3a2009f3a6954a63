//! A backup and its way back.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::support::Home;

/// Where the backup of a home is put.
fn file(home: &Home) -> String {
    home.path().join("cetar.backup").display().to_string()
}

#[test]
fn what_was_there_at_the_backup_is_there_after_the_restore() {
    for running in [true, false] {
        let home = Home::new();
        let mut server = Some(home.serve());
        let key = server.as_ref().unwrap().test_key();
        home.run(&["webhook", "add", "--url", "https://example.com/hook"]).ok();
        if !running {
            assert!(server.take().unwrap().stop().success());
        }
        let said = home.run(&["backup", &file(&home)]);
        assert!(said.err.contains("master key is NOT in it"), "{}", said.err);
        assert_eq!(said.ok(), "");
        assert_eq!(fs::metadata(file(&home)).unwrap().permissions().mode() & 0o777, 0o600);
        home.run(&["webhook", "add", "--url", "https://example.com/later"]).ok();
        drop(server);

        let fresh = Home::new();
        fs::create_dir(fresh.data()).unwrap();
        fs::copy(home.file("master.key"), fresh.file("master.key")).unwrap();
        let said = fresh.run(&["restore", &file(&home)]);
        assert!(said.err.contains("are sent, even if they have been sent since"), "{}", said.err);
        said.ok();
        assert_eq!(fresh.mode("cetar.db"), 0o600);
        assert!(!fresh.file("cetar.db.restoring").exists());
        let webhooks = fresh.run(&["webhook", "list", "--json"]).json();
        assert_eq!(webhooks.as_array().unwrap().len(), 1);
        let server = fresh.serve();
        assert_eq!(server.get("/v1/devices", &key).0, 200, "the key of then works");
    }
}

#[test]
fn a_backup_overwrites_nothing() {
    let (home, _) = Home::new().served_once();
    fs::write(file(&home), "precious").unwrap();
    let refusal = home.run(&["backup", &file(&home)]).refused();
    assert!(refusal.contains("is there already"), "{refusal}");
    assert_eq!(fs::read_to_string(file(&home)).unwrap(), "precious");
    let refusal = home.run(&["backup", "no/such/folder/file"]).refused();
    assert!(refusal.contains("there is no folder"), "{refusal}");
}

#[test]
fn a_restore_overwrites_nothing_and_disturbs_no_server() {
    let home = Home::new();
    let server = home.serve();
    home.run(&["backup", &file(&home)]).ok();
    let refusal = home.run(&["restore", &file(&home)]).refused();
    assert!(refusal.contains("already running"), "{refusal}");
    assert!(server.stop().success());
    let refusal = home.run(&["restore", &file(&home)]).refused();
    assert!(refusal.contains("is there already") && refusal.contains("move it away"), "{refusal}");
}

#[test]
fn a_restore_with_another_master_key_is_refused_and_leaves_nothing() {
    let (home, _) = Home::new().served_once();
    home.run(&["backup", &file(&home)]).ok();
    let fresh = Home::new();
    let refusal = fresh.run(&["restore", &file(&home)]).refused();
    assert!(refusal.contains("there is no master key"), "{refusal}");
    let stranger = Home::new().with("CETAR_MASTER_KEY", format!("cmk_{}", "5".repeat(64)));
    let refusal = stranger.run(&["restore", &file(&home)]).refused();
    assert!(refusal.contains("another master key sealed this backup"), "{refusal}");
    for home in [&fresh, &stranger] {
        let left: Vec<_> = crate::support::contents(&home.data()).into_iter().map(|(path, _)| path).collect();
        assert_eq!(left, [home.file("cetar.lock")]);
    }
}

#[test]
fn a_damaged_or_foreign_file_is_refused() {
    let (home, _) = Home::new().served_once();
    home.run(&["backup", &file(&home)]).ok();
    let fresh = Home::new();
    fs::create_dir(fresh.data()).unwrap();
    fs::copy(home.file("master.key"), fresh.file("master.key")).unwrap();
    let restore = |file: &std::path::Path| fresh.run(&["restore", &file.display().to_string()]).refused();

    let text = home.path().join("text");
    fs::write(&text, "a letter to my mother, and not a database").unwrap();
    assert!(restore(&text).contains("is not a backup"));
    assert!(restore(&home.path().join("nothing")).contains("cannot be read"));

    let mut bytes = fs::read(file(&home)).unwrap();
    // The third page, whatever it holds.
    bytes[8192..12288].fill(0xa5);
    let damaged = home.path().join("damaged");
    fs::write(&damaged, bytes).unwrap();
    let refusal = restore(&damaged);
    assert!(refusal.contains("the backup is damaged") && refusal.contains("try an older one"), "{refusal}");
    assert!(!fresh.file("cetar.db").exists());
}

#[test]
fn a_damaged_database_is_said_to_be_damaged_and_how_it_comes_back() {
    let (home, key) = Home::new().served_once();
    home.run(&["backup", &file(&home)]).ok();
    let mut bytes = fs::read(home.file("cetar.db")).unwrap();
    bytes[0..16].fill(0xa5);
    fs::write(home.file("cetar.db"), bytes).unwrap();
    for command in ["serve", "migrate"] {
        let refusal = home.run(&[command]).refused();
        assert!(refusal.contains("the database is damaged"), "{refusal}");
        assert!(refusal.contains("cetar restore"), "{refusal}");
        assert!(!refusal.contains("cannot be reached"), "{refusal}");
    }
    let doctor = home.run(&["doctor"]);
    assert!(doctor.out.contains("FAIL  database") && doctor.out.contains("is damaged"), "{}", doctor.out);
    // And so it is done.
    for name in ["cetar.db", "cetar.db-wal", "cetar.db-shm"] {
        if home.file(name).exists() {
            fs::rename(home.file(name), home.path().join(name)).unwrap();
        }
    }
    home.run(&["restore", &file(&home)]).ok();
    assert_eq!(home.serve().get("/v1/devices", &key).0, 200);
}
