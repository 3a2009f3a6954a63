//! The workspace as data.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Folders and files that hold nothing of ours.
const NOT_OURS: &[&str] = &["target", "node_modules", "data", "dist", "schema.d.ts"];

/// Hidden folders that do.
const HIDDEN_OURS: &[&str] = &[".ci", ".cargo", ".config", ".github"];

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("this crate is two folders down")
}

/// What cargo prints, without touching the network.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).arg("--offline").current_dir(root()).output();
    let output = output.expect("cargo starts");
    assert!(
        output.status.success(),
        "cargo {} failed:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// `cargo metadata`, of this machine's platform if `dependencies` are wanted (others' may not be downloaded).
pub(crate) fn metadata(dependencies: bool) -> Value {
    let version = cargo(&["--version", "--verbose"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    let scope: &[&str] = if dependencies { &["--filter-platform", host] } else { &["--no-deps"] };
    let text = cargo(&[&["metadata", "--format-version", "1"], scope].concat());
    serde_json::from_str(&text).expect("cargo metadata prints JSON")
}

/// A crate of ours.
pub(crate) struct Member {
    pub(crate) name: String,
    /// Its folder, from the root: `crates/model`.
    pub(crate) folder: String,
    /// Direct dependencies, ours and others'.
    pub(crate) uses: Vec<Use>,
}

pub(crate) struct Use {
    pub(crate) name: String,
    /// Only its tests use it.
    pub(crate) dev: bool,
}

/// Every crate of ours.
pub(crate) fn members() -> Vec<Member> {
    let metadata = metadata(false);
    let member = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let folder = manifest.parent().unwrap().strip_prefix(root()).unwrap();
        let uses = package["dependencies"].as_array().unwrap().iter().map(|dependency| Use {
            name: dependency["name"].as_str().unwrap().to_owned(),
            dev: dependency["kind"] == "dev",
        });
        Member {
            name: package["name"].as_str().unwrap().to_owned(),
            folder: slashes(folder),
            uses: uses.collect(),
        }
    };
    metadata["packages"].as_array().unwrap().iter().map(member).collect()
}

/// A text file of ours.
pub(crate) struct Text {
    /// From the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Text {
    /// Its lines with their numbers.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether it is read in tests only.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || ["/tests/", "/tests.rs", "/testkit/", "/testkit.rs", "/examples/"]
                .iter()
                .any(|part| self.path.contains(part))
    }

    /// Its lines without comments and without the tests at its end.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.text.find("#[cfg(test)]\nmod ").filter(|at| self.text[*at..].contains("{\n"));
        let end = tests.map_or(usize::MAX, |at| self.text[..at].lines().count());
        self.lines().take(end).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every text file of ours whose name ends so, in order.
pub(crate) fn texts(endings: &[&str]) -> Vec<Text> {
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort();
    let wanted = found.iter().filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        endings.iter().any(|ending| name.ends_with(ending))
    });
    let read = |path: &PathBuf| {
        let text = String::from_utf8(fs::read(path).unwrap()).ok()?;
        Some(Text { path: slashes(path.strip_prefix(root()).unwrap()), text })
    };
    wanted.filter_map(read).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().unwrap();
        let ours = !NOT_OURS.contains(&name.as_str())
            && (!name.starts_with('.') || HIDDEN_OURS.contains(&name.as_str()));
        if kind.is_dir() && ours {
            collect(&entry.path(), found);
        } else if kind.is_file() && !NOT_OURS.contains(&name.as_str()) {
            found.push(entry.path());
        }
    }
}

fn slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Fails with a list and what to do about it.
#[track_caller]
pub(crate) fn assert_none(violations: &[String], what_to_do: &str) {
    assert!(violations.is_empty(), "{what_to_do}\n  {}", violations.join("\n  "));
}
