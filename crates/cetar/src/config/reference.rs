//! `docs/reference/configuration.md`, made from the sections themselves.

use std::fmt::Write as _;

use super::SECTIONS;

const INTRODUCTION: &str = "\
<!-- Made by `cetar configuration-reference > docs/reference/configuration.md`; a test checks that it is current. -->
# Configuration

Every key can be set in four ways; the first that sets it wins:

1. a flag: `--listen`, `--data-dir`, `--database-url`;
2. an environment variable: `CETAR_` and the key in capitals, with two underscores after a section's name:
   `CETAR_DATA_DIR`, `CETAR_LOG__LEVEL`. Lists are separated by commas;
3. the file `cetar.toml` in the directory the program is started in, or the file named by `--config` or `CETAR_CONFIG`;
4. the default.

An unknown key or variable is an error that names it. Nothing has to be set: `cetar serve` runs without a file.

Two things are not keys. The **master key**, which seals every secret in the database, is read from the environment variable
`CETAR_MASTER_KEY`, else from the file `master.key` in the data directory (mode 0600, made on the first start). Either may hold
several keys, one a line: the first seals, all open, which is how a key is replaced. And what belongs to a **workspace** (devices,
API keys, webhooks, plans) is set by command line or API while the server runs.
";

/// The whole page.
pub(crate) fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    for section in SECTIONS {
        let title =
            if section.name.is_empty() { "General".to_owned() } else { format!("`[{}]`", section.name) };
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {title}\n\n{}\n", joined(section.docs));
        for key in section.keys {
            let default = (key.default)().map_or_else(|| "not set".to_owned(), |value| format!("`{value}`"));
            let _ = write!(
                page,
                "\n### `{}`\n\n{}\n\n- Value: {}\n- Default: {default}\n- Environment: `{}`\n",
                section.path(key),
                joined(key.docs),
                key.wanted,
                section.variable(key),
            );
        }
    }
    page
}

/// Documentation comments carry the space after the slashes.
fn joined(docs: &[&str]) -> String {
    docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}
