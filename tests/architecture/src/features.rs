//! What a release may never contain.

use crate::workspace::{assert_none, cargo, texts};

/// The features of every package that `cargo build -p cetar` with these arguments would enable.
fn graph(arguments: &[&str]) -> String {
    cargo(&[&["tree", "-p", "cetar", "-e", "normal,build,features", "--prefix", "none"], arguments].concat())
}

#[test]
fn the_release_enables_no_dangerous_feature() {
    let danger: Vec<_> =
        graph(&[]).lines().filter(|line| line.contains("danger-")).map(str::to_owned).collect();
    assert_none(
        &danger,
        "A build with default features would not check whom it talks to. Take the feature out of the default graph; only \
         `simulated` may enable it (`cargo tree -p cetar -e normal,build,features -i NAME` shows who does):",
    );
}

#[test]
fn the_proof_sees_a_dangerous_feature_where_there_is_one() {
    assert!(
        graph(&["--features", "simulated"]).contains("danger-"),
        "`simulated` enables no danger- feature any more, or `cargo tree` prints another form: the test above proves nothing now"
    );
}

#[test]
fn the_release_contains_nothing_made_for_tests() {
    let for_tests = |line: &&str| {
        line.contains("cetar-simulator")
            || line.contains("feature \"testkit\"")
            || line.contains("feature \"test-util\"")
    };
    let found: Vec<_> = graph(&[]).lines().filter(for_tests).map(str::to_owned).collect();
    assert_none(&found, "Move these to [dev-dependencies]:");
}

#[test]
fn dangerous_features_are_named_only_by_simulated_and_selftest() {
    let mut violations = Vec::new();
    for file in texts(&["Cargo.toml"]) {
        let mut manifest: toml::Table = file.text.parse().unwrap();
        if let Some(features) = manifest.get_mut("features").and_then(toml::Value::as_table_mut) {
            features.remove("simulated");
            features.remove("selftest");
        }
        if toml::Value::Table(manifest).to_string().contains("danger-") {
            violations.push(file.path);
        }
    }
    assert_none(
        &violations,
        "A dependency's danger- feature stands outside [features] simulated or selftest. Put it behind one of them:",
    );
}
