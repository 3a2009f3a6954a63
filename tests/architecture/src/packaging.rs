//! What is shipped beside the binary: the unit is one that systemd accepts and that is closed, the Dockerfile one that can be
//! followed, and both speak of the program there is.

use std::{fs, path::Path, process::Command};

use crate::{
    sources::code_with,
    workspace::{assert_none, root, texts},
};

const UNIT: &str = "packaging/systemd/cetar.service";
const DOCKERFILE: &str = "packaging/docker/Dockerfile";
const COMPOSE: &str = "packaging/docker/compose.yaml";

/// The most that `systemd-analyze security` may find open, of 100; docs/operations/install.md says so.
const EXPOSURE: &str = "20";

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The settings of a unit, in order.
fn settings(unit: &str) -> Vec<(&str, &str)> {
    unit.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect()
}

#[test]
fn the_unit_closes_what_a_network_service_does_not_need() {
    let unit = read(UNIT);
    let settings = settings(&unit);
    let wanted = [
        ("User", "cetar"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateDevices", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictNamespaces", "yes"),
        ("SystemCallFilter", "@system-service"),
        ("UMask", "0077"),
        ("Restart", "always"),
    ];
    let missing = wanted.iter().filter(|wanted| !settings.contains(wanted));
    let violations: Vec<_> = missing.map(|(name, value)| format!("{UNIT}: {name}={value}")).collect();
    assert_none(&violations, "Each of these is there for a reason; put it back:");
}

#[test]
fn the_unit_waits_longer_than_the_server_takes_to_stop() {
    let unit = read(UNIT);
    let (_, wait) = settings(&unit).into_iter().find(|(name, _)| *name == "TimeoutStopSec").unwrap();
    let serve = read("crates/cetar/src/serve.rs");
    let drain = serve.split("const DRAIN: Duration = Duration::from_secs(").nth(1).unwrap();
    let drain: u32 = drain.split(')').next().unwrap().parse().unwrap();
    assert!(wait.parse::<u32>().unwrap() > drain, "TimeoutStopSec={wait}, and the server takes {drain} s");
    assert!(
        read(COMPOSE).contains(&format!("stop_grace_period: {wait}s")),
        "compose waits as long as systemd"
    );
}

/// Its own words are the better judge. The program is not installed here: a stand-in is named.
#[test]
fn systemd_accepts_the_unit_and_finds_it_closed() {
    let version = Command::new("systemd-analyze").arg("--version").output();
    assert!(version.expect("systemd-analyze (make setup)").status.success());
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("cetar.service");
    fs::write(&copy, read(UNIT).replace("/usr/local/bin/cetar", "/bin/true")).unwrap();
    let ask = |arguments: &[&str], unit: &Path| {
        let output = Command::new("systemd-analyze").args(arguments).arg(unit).output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), told)
    };
    let (verified, told) = ask(&["verify", "--man=no", "--recursive-errors=no"], &copy);
    let (closed, exposure) = ask(&["security", "--offline=yes", &format!("--threshold={EXPOSURE}")], &copy);
    assert!(verified && !told.contains("cetar.service:"), "{told}");
    assert!(closed, "{exposure}");
}

#[test]
fn the_dockerfile_can_be_followed_and_builds_with_the_toolchain_of_the_workspace() {
    let rehearsal = Command::new(root().join("packaging/docker/rehearse")).arg("--parse").output();
    let rehearsal = rehearsal.expect("python3 (make setup)");
    assert!(rehearsal.status.success(), "{}", String::from_utf8_lossy(&rehearsal.stderr));
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let version = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    let dockerfile = read(DOCKERFILE);
    assert!(dockerfile.contains(&format!("FROM rust:{version}-")), "rust-version is {version}");
    assert!(dockerfile.contains("--locked"), "the lock file decides");
}

/// The tests of the binary run with a `TMPDIR` that does not exist; this finds what they do not reach.
#[test]
fn a_container_writes_to_its_volume_alone() {
    let compose = read(COMPOSE);
    assert!(compose.contains("read_only: true") && !compose.contains("tmpfs"), "{COMPOSE}");
    let elsewhere = [
        "env::temp_dir",
        "tempfile::tempfile(",
        "NamedTempFile::new",
        "tempfile::tempdir()",
        "\"/tmp",
        "\"/var/tmp",
    ];
    // An operator's command, not the server, reaches a socket with a long path by a link there.
    let found = code_with(&elsewhere, |path| path != "crates/cetar/src/api/socket.rs");
    assert_none(&found, "The container's root cannot be written to: use a folder below the data directory:");
}

#[test]
fn packaging_and_its_documentation_name_settings_that_exist() {
    let reference = read("docs/reference/configuration.md");
    let mut violations = Vec::new();
    let of_ours = |path: &str| path.starts_with("packaging/") || path.starts_with("docs/operations/");
    let files = texts(&["Dockerfile", ".yaml", ".service", "Caddyfile", ".md"]);
    for file in files.iter().filter(|file| of_ours(&file.path)) {
        for (line, text) in file.lines() {
            for rest in text.split("CETAR_").skip(1) {
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_uppercase() || matches!(c, '_' | '0'..='9'))
                    .collect();
                // The name of the site for Caddy, and the words of these pages for any of them.
                let known = ["DOMAIN", "", "MASTER_KEY"].contains(&name.as_str())
                    || reference.contains(&format!("CETAR_{name}`"));
                if !known {
                    violations.push(format!("{}:{line}: CETAR_{name}", file.path));
                }
            }
        }
    }
    assert_none(&violations, "No such setting in docs/reference/configuration.md:");
}
