//! What may stand in which source file.

use crate::workspace::{Text, assert_none, texts};

/// Longest source file, in lines.
const LONGEST: usize = 600;

fn rust() -> Vec<Text> {
    texts(&[".rs"])
}

/// Production code of these folders in which any of `words` occurs.
pub(crate) fn code_with(words: &[&str], is_concerned: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in rust().iter().filter(|file| !file.is_test() && is_concerned(&file.path)) {
        let hits = file.code().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        found.extend(hits.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())));
    }
    found
}

#[test]
fn sql_stands_in_the_store_only() {
    let words =
        ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE", "ALTER TABLE", "PRAGMA "];
    let found = code_with(&words, |path| !path.starts_with("crates/store/"));
    assert_none(&found, "Only crates/store knows SQL: add an operation there and call it:");
}

#[test]
fn status_codes_stand_in_the_servers_error_file_only() {
    let found = code_with(&["StatusCode::"], |path| {
        let server = path.starts_with("crates/server/") && path != "crates/server/src/error.rs";
        let below =
            ["model", "store", "engine"].iter().any(|name| path.starts_with(&format!("crates/{name}/")));
        server || below
    });
    assert_none(
        &found,
        "What an outcome means in HTTP is decided in crates/server/src/error.rs alone: return its error type, or call a function there:",
    );
}

#[test]
fn engine_and_server_do_not_know_the_sandbox() {
    let found: Vec<_> = texts(&[".rs", "Cargo.toml"])
        .iter()
        .filter(|file| file.path.starts_with("crates/engine/") || file.path.starts_with("crates/server/"))
        .flat_map(|file| {
            let hits = file.lines().filter(|(_, line)| {
                let line = line.replace('_', "-");
                line.contains("cetar-sandbox") || line.contains("Sandbox::")
            });
            hits.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())).collect::<Vec<_>>()
        })
        .collect();
    assert_none(
        &found,
        "The sandbox is a provider like any other, or what it proves is worth nothing. Use the scripted provider of \
         cetar-provider's testkit in tests:",
    );
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let files = texts(&[".rs", ".ts", ".tsx", ".sh"]);
    let long = files.iter().map(|file| (file.lines().count(), file)).filter(|(lines, _)| *lines > LONGEST);
    let long: Vec<_> = long.map(|(lines, file)| format!("{}: {lines} lines", file.path)).collect();
    assert_none(&long, &format!("More than {LONGEST} lines. Split them by what they do:"));
}

#[test]
fn nothing_is_left_open_in_the_sources() {
    // Written in two parts, so that this file does not find itself.
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    let mut found = Vec::new();
    for file in texts(&[".rs", ".toml", ".md", ".ts", ".tsx", ".sh", ".sql", "Makefile"]) {
        let hits = file.lines().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        found.extend(hits.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())));
    }
    assert_none(&found, "Finish it, or open an issue and take the words out:");
}

#[test]
fn tests_are_neither_ignored_nor_asleep() {
    let words = [concat!("#[", "ignore"), concat!("thread::", "sleep("), concat!("tokio::time::", "sleep(")];
    let mut found = Vec::new();
    for file in rust() {
        let hits = file.lines().filter(|(_, line)| {
            let asleep = words[1..].iter().any(|word| line.contains(word));
            // A measurement holds its pace and rests between rounds; it is no test.
            let measures = file.path.starts_with("tests/bench/");
            line.contains(words[0]) || (asleep && file.is_test() && !measures)
        });
        found.extend(hits.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())));
    }
    assert_none(
        &found,
        "A test that sleeps is slow and still fails on a busy machine, one that is ignored tells nothing. Wait for the event \
         itself, move a ManualClock, or poll under a time limit:",
    );
}
