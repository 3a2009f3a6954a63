//! Links in the documentation lead somewhere.

use std::{collections::BTreeSet, fs, path::Path};

use crate::workspace::{assert_none, root, texts};

#[test]
fn every_link_in_the_documentation_resolves() {
    let mut violations = Vec::new();
    for file in texts(&[".md"]) {
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        for (line, target) in links(&file.text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked =
                if path.is_empty() { root().join(&file.path) } else { root().join(folder).join(path) };
            if !linked.exists() {
                violations.push(format!("{}:{line}: {target} does not exist", file.path));
            } else if !anchor.is_empty() && linked.extension().is_some_and(|extension| extension == "md") {
                let headings = headings(&fs::read_to_string(&linked).unwrap());
                if !headings.contains(anchor) {
                    violations.push(format!("{}:{line}: {target} has no such heading", file.path));
                }
            }
        }
    }
    assert_none(&violations, "Write what is missing, or mend the link (paths are relative to the file):");
}

/// The targets of inline links and link definitions outside code, with their lines.
fn links(markdown: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in markdown.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second part lies between backquotes.
        for prose in line.split('`').step_by(2) {
            let ends = prose.match_indices("](").map(|(at, _)| &prose[at + 2..]);
            let inline = ends.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
            found.extend(inline.map(|target| (index + 1, target.split(' ').next().unwrap_or(target))));
        }
        if line.starts_with('[')
            && let Some((_, target)) = line.split_once("]: ")
        {
            found.push((index + 1, target.trim()));
        }
    }
    found
}

/// The anchors that forges make of a document's headings.
fn headings(markdown: &str) -> BTreeSet<String> {
    let headings = markdown.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_are_found_where_a_reader_sees_them() {
    let text = "[a](x.md) and `[no](code.md)`, [b](y.md#z \"title\")\n```\n[no](fence.md)\n```\n[c]: z.md\n`q` [d](w.md)";
    let found: Vec<_> = links(text).into_iter().map(|(_, target)| target).collect();
    assert_eq!(found, ["x.md", "y.md#z", "z.md", "w.md"]);
    assert!(headings("## What never changes, ever").contains("what-never-changes-ever"));
}
