//! The scripts that build the dashboard, with stand-ins for Node and npm that write down what they are asked.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use tempfile::TempDir;

use crate::workspace::root;

const NPM: &str = r#"#!/bin/sh
echo "$*" >> "$LOG"
case "$1 $2" in
    "ci "*) mkdir -p node_modules && touch node_modules/.package-lock.json ;;
    "run build") mkdir -p dist src/api && echo '<html>' > dist/index.html && echo types > src/api/schema.d.ts ;;
esac
"#;
const NODE: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo "$NODE_VERSION"; else echo smaller > dist/index.html.br; fi
"#;

/// A repository with nothing in it but a dashboard and what builds it.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        for script in ["scripts/dashboard", "scripts/node"] {
            repository.write(script, &fs::read_to_string(root().join(script)).unwrap(), 0o755);
        }
        let manifest = fs::read_to_string(root().join("dashboard/package.json")).unwrap();
        repository.write("dashboard/package.json", &manifest, 0o644);
        repository.write("dashboard/package-lock.json", "{}", 0o644);
        repository.write("crates/server/openapi.json", "{}", 0o644);
        repository.write("bin/npm", NPM, 0o755);
        repository.write("bin/node", NODE, 0o755);
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str, mode: u32) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn run(&self, node: &str, arguments: &[&str]) -> Output {
        let path = format!("{}:/usr/bin:/bin", self.path().join("bin").display());
        Command::new(self.path().join("scripts/dashboard"))
            .args(arguments)
            .env("PATH", path)
            .env("NODE_VERSION", node)
            .env("LOG", self.path().join("log"))
            .output()
            .unwrap()
    }

    /// What npm was asked in one run.
    fn asked(&self, arguments: &[&str]) -> Vec<String> {
        let log = self.path().join("log");
        let _there_may_be_none = fs::remove_file(&log);
        let output = self.run("v22.1.0", arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

#[test]
fn the_dashboard_is_built_once_and_again_when_what_it_is_made_of_changes() {
    let repository = Repository::new();
    assert_eq!(repository.asked(&[]), ["ci --no-audit --no-fund", "run build"]);
    assert!(repository.asked(&[]).is_empty(), "the types it wrote itself are no change");
    let built = fs::metadata(repository.path().join("dashboard/dist/.built")).unwrap().modified().unwrap();
    let document = File::options().write(true).open(repository.path().join("crates/server/openapi.json"));
    document.unwrap().set_modified(built + Duration::from_secs(10)).unwrap();
    assert_eq!(repository.asked(&[]), ["run build"]);
}

#[test]
fn the_tests_of_the_dashboard_leave_the_build_that_is_shipped_as_it_is() {
    let repository = Repository::new();
    let tests = ["types", "lint", "test", "size"].map(|part| format!("run --silent {part}"));
    let asked = repository.asked(&["check"]);
    assert_eq!(asked[..2], ["ci --no-audit --no-fund", "run build"]);
    assert_eq!(asked[2..], tests);
    for file in [".built", "index.html.br"] {
        assert!(repository.path().join("dashboard/dist").join(file).exists(), "{file}");
    }
    assert_eq!(repository.asked(&["check"]), tests, "it is not built again");
}

#[test]
fn a_node_that_is_too_old_is_told_before_anything_is_built() {
    for (version, good) in
        [("v18.19.0", false), ("v20.9.0", false), ("v20.19.0", true), ("v20.20.2", true), ("v24.0.0", true)]
    {
        let repository = Repository::new();
        let output = repository.run(version, &[]);
        assert_eq!(output.status.success(), good, "{version}");
        if !good {
            let said = String::from_utf8(output.stderr).unwrap();
            let told = [format!("This is Node {}", &version[1..]), "Node 20.19 or later".to_owned()];
            assert!(told.iter().all(|part| said.contains(part)) && said.lines().count() == 1, "{said}");
            assert!(!repository.path().join("log").exists(), "npm was asked");
        }
    }
}
