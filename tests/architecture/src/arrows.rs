//! Which crate may use which.

use crate::workspace::{Member, assert_none, members, metadata};

/// What a crate may use of ours, tests apart. `None`: nobody has said yet.
fn may_use(folder: &str) -> Option<fn(&Member) -> bool> {
    fn one_of(names: &[&str], member: &Member) -> bool {
        names.contains(&member.name.as_str())
    }
    Some(match folder {
        "crates/model" => |_| false,
        "crates/provider" | "crates/store" => |used| one_of(&["cetar-model"], used),
        "crates/engine" => |used| one_of(&["cetar-model", "cetar-provider", "cetar-store"], used),
        "crates/server" => {
            |used| one_of(&["cetar-model", "cetar-provider", "cetar-store", "cetar-engine"], used)
        }
        "crates/cetar" => |used| used.folder.starts_with("crates/") || used.folder.starts_with("providers/"),
        _ if folder.starts_with("providers/") => |used| one_of(&["cetar-model", "cetar-provider"], used),
        _ if folder.starts_with("simulators/") => |_| false,
        _ if folder.starts_with("tests/") => |used| used.folder.starts_with("simulators/"),
        _ => return None,
    })
}

#[test]
fn crates_use_each_other_along_the_allowed_arrows_only() {
    let members = members();
    let mut violations = Vec::new();
    for member in &members {
        let Some(allowed) = may_use(&member.folder) else {
            violations.push(format!("{}: say in this test what it may use", member.folder));
            continue;
        };
        for used in member.uses.iter().filter(|used| !used.dev) {
            if let Some(used) = members.iter().find(|other| other.name == used.name)
                && !allowed(used)
            {
                violations.push(format!("{} uses {}", member.folder, used.name));
            }
        }
    }
    assert_none(
        &violations,
        "These arrows are not in ARCHITECTURE.md. Move the code to the crate it belongs to, or pass what is needed in as an \
         argument. A new arrow needs an ADR, and a line in ARCHITECTURE.md, deny.toml and here:",
    );
}

#[test]
fn not_even_tests_pull_a_simulator_into_the_core() {
    let mut violations = Vec::new();
    for member in members().iter().filter(|member| member.folder.starts_with("crates/")) {
        for used in member.uses.iter().filter(|used| used.name.contains("simulator")) {
            violations.push(format!("{} uses {}", member.folder, used.name));
        }
    }
    assert_none(
        &violations,
        "A simulator stands in for a network, and only providers and tests/ speak to networks. Use `cetar-provider`'s testkit here:",
    );
}

#[test]
fn heavy_or_dangerous_dependencies_stay_in_their_crate() {
    type Rule = (fn(&str) -> bool, &'static [&'static str], &'static str);
    let rules: &[Rule] = &[
        (
            |name| name.starts_with("sqlx") || name == "rusqlite",
            &["crates/store"],
            "SQL is the store's: add an operation there",
        ),
        (
            |name| name == "whatsapp-rust" || name.starts_with("wacore") || name == "waproto",
            &["providers/whatsapp-web", "simulators/"],
            "it costs minutes of compile time and breaks often: only providers/whatsapp-web names it",
        ),
        (
            |name| name == "reqwest",
            &["crates/provider", "tests/", "simulators/"],
            "calls out go through the guarded client of cetar-provider, which refuses private addresses",
        ),
        (
            |name| name == "axum" || name.starts_with("utoipa"),
            &["crates/server", "crates/cetar", "simulators/", "tests/"],
            "HTTP is the server's: the layers below do not know it",
        ),
        (
            |name| name == "anyhow",
            &["crates/cetar", "tests/", "simulators/"],
            "errors are an enum a layer; only the binary may forget their type",
        ),
        (
            |name| name.starts_with("aws-lc") || name == "openssl" || name == "native-tls",
            &[],
            "ring is the one TLS provider",
        ),
    ];
    let mut violations = Vec::new();
    for member in members() {
        for used in member.uses.iter().filter(|used| !used.dev || !member.folder.starts_with("crates/")) {
            for (matches, allowed, why) in rules {
                if matches(&used.name) && !allowed.iter().any(|folder| member.folder.starts_with(folder)) {
                    violations.push(format!("{} uses {}: {why}", member.folder, used.name));
                }
            }
        }
    }
    assert_none(&violations, "Dependencies where they do not belong:");
}

#[test]
fn every_crate_takes_the_workspaces_lints_edition_and_licence() {
    let metadata = metadata(false);
    let mut violations = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let path = package["manifest_path"].as_str().unwrap();
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let inherits = |table: &str, key: Option<&str>| {
            let table = manifest.get(table);
            let value = key.map_or(table, |key| table.and_then(|table| table.get(key)));
            value.and_then(|value| value.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
        };
        for (table, key) in [
            ("lints", None),
            ("package", Some("version")),
            ("package", Some("edition")),
            ("package", Some("rust-version")),
            ("package", Some("license")),
            ("package", Some("publish")),
        ] {
            if !inherits(table, key) {
                violations.push(format!("{path}: [{table}] {}", key.unwrap_or_default()));
            }
        }
    }
    assert_none(&violations, "Write `workspace = true` there, as the other crates do:");
}
