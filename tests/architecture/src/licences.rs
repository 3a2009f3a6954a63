//! Which licences come along. The list is deny.toml's, so that this test and cargo-deny cannot disagree.

use std::fs;

use crate::{
    spdx,
    workspace::{assert_none, metadata, root},
};

#[test]
fn every_dependency_has_a_licence_we_accept() {
    let deny: toml::Table = fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    let accepted: Vec<&str> =
        deny["licenses"]["allow"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let metadata = metadata(true);
    let mut violations = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let licence = package["license"].as_str().unwrap_or("no licence stated");
        if !spdx::is_satisfied(licence, |id| accepted.contains(&id)) {
            violations.push(format!("{} {}: {licence}", package["name"], package["version"]));
        }
    }
    assert_none(
        &violations,
        "Choose another dependency. If the licence lets us ship under MIT or Apache-2.0, add it to [licenses] in deny.toml, \
         saying what it asks of us:",
    );
}

#[test]
fn both_licence_texts_are_there() {
    for (file, begins) in [("LICENSE-MIT", "MIT License"), ("LICENSE-APACHE", "Apache License")] {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        assert!(text.trim_start().starts_with(begins), "{file} must hold the full standard text");
    }
}
