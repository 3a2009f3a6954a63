//! The fuzz targets are a workspace of their own, and need a C++ compiler: here it is held against the sources that each calls a property
//! which is there and takes what it is given, so that a change of one is not found out months later by whoever fuzzes.

use std::{collections::BTreeSet, fs};

use crate::workspace::root;

/// A target, taken apart.
struct Target {
    /// What libFuzzer makes of its bytes, `&str`.
    input: String,
    /// The property that it calls, `cetar_server::properties::page`.
    property: String,
}

impl Target {
    /// `fuzz_target!(|TEXT: &str| … cetar_x::y::z(…) …)`.
    fn read(text: &str) -> Option<Self> {
        let (parameter, body) = text.split_once("fuzz_target!(|")?.1.split_once('|')?;
        let input = parameter.split_once(": ")?.1.to_owned();
        let path = &body[body.find("cetar_")?..];
        let end = path.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':')))?;
        path[end..].starts_with('(').then(|| Self { input, property: path[..end].to_owned() })
    }
}

/// What a function takes last, by the source of its crate.
fn last_parameter(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split("::").collect();
    let (function, name) = (parts.pop()?, parts.remove(0).strip_prefix("cetar_")?.replace('_', "-"));
    let source = root().join("crates").join(name).join("src").join(parts.join("/")).with_extension("rs");
    let source = fs::read_to_string(source).ok()?;
    let parameters = source.split_once(&format!("pub fn {function}("))?.1.split_once(')')?.0;
    Some(parameters.rsplit(": ").next()?.trim_end_matches(',').to_owned())
}

#[test]
fn every_fuzz_target_calls_a_property_that_is_there_and_takes_its_input() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Value = toml::from_str(&manifest).unwrap();
    let mut listed = BTreeSet::new();
    for target in manifest["bin"].as_array().unwrap() {
        let (name, path) = (target["name"].as_str().unwrap(), target["path"].as_str().unwrap());
        assert_eq!(path, format!("fuzz_targets/{name}.rs"), "a target is called as its file");
        listed.insert(format!("{name}.rs"));
        let text = fs::read_to_string(root().join("fuzz").join(path)).unwrap();
        let target = Target::read(&text);
        let target = target.unwrap_or_else(|| {
            panic!("{path}: write `fuzz_target!(|input: TYPE| …)` and the property's whole path")
        });
        let taken = last_parameter(&target.property);
        assert_eq!(taken.as_deref(), Some(&*target.input), "{path} calls {}", target.property);
    }
    let files = fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap();
    let files: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, listed, "fuzz/Cargo.toml lists every file of fuzz/fuzz_targets");
}

#[test]
fn what_a_property_takes_is_read_from_its_source() {
    assert_eq!(last_parameter("cetar_server::properties::page").as_deref(), Some("&str"));
    assert_eq!(last_parameter("cetar_provider::http::properties::any_url").as_deref(), Some("&str"));
    for none in ["cetar_server::properties::nothing", "cetar_nothing::properties::page"] {
        assert_eq!(last_parameter(none), None, "{none}");
    }
}
