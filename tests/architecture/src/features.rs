//! What a release may never contain.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::{assert_none, cargo, texts};

/// Every package that `cargo build -p cetar` with these arguments would build, each with the features it is built with.
///
/// Not by `-e features`: that draws the features named in manifests, and leaves out what a feature of ours turns on in a
/// package further down.
fn graph(arguments: &[&str]) -> BTreeMap<String, Vec<String>> {
    let format = ["tree", "-p", "cetar", "-e", "normal,build", "--prefix", "none", "--format", "{p}|{f}"];
    let tree = cargo(&[&format, arguments].concat());
    let mut packages: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in tree.lines() {
        let line = line.trim_end_matches(" (*)");
        if let Some((package, features)) = line.split_once('|') {
            let enabled = packages.entry(package.to_owned()).or_default();
            enabled.extend(features.split(',').filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    assert!(packages.len() > 100, "`cargo tree` prints another form: mend this test");
    packages
}

/// `package: feature` for the features that match.
fn enabled(arguments: &[&str], is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let graph = graph(arguments);
    let each = graph.iter().flat_map(|(package, features)| features.iter().map(move |name| (package, name)));
    let meant = each.filter(|(_, name)| is_meant(name)).map(|(package, name)| format!("{package}: {name}"));
    meant.collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn the_release_enables_no_dangerous_feature() {
    assert_none(
        &enabled(&[], |name| name.contains("danger")),
        "A build with default features would not check whom it talks to. Only `simulated` may enable this; \
         `cargo tree -p cetar -e normal,build,features -i PACKAGE` shows who does:",
    );
}

#[test]
fn the_proof_sees_a_dangerous_feature_where_there_is_one() {
    let found = enabled(&["--features", "simulated"], |name| name.contains("danger"));
    assert!(
        !found.is_empty(),
        "`simulated` enables no dangerous feature any more, or this test does not see it: the one above proves nothing"
    );
}

#[test]
fn the_release_contains_nothing_made_for_tests() {
    let mut found = enabled(&[], |name| ["testkit", "test-util", "simulated", "selftest"].contains(&name));
    found.extend(graph(&[]).into_keys().filter(|package| package.starts_with("cetar-simulator")));
    assert_none(&found, "Move what brings these in to [dev-dependencies]:");
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
