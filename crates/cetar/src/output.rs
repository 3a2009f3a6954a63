//! Standard output: results, and nothing else. What is said to a person on the way goes to standard error.

use std::io::{self, Write as _};

use anyhow::Context as _;

/// Prints a result, and a line's end.
pub(crate) fn tell(text: &str) -> anyhow::Result<()> {
    write(&format!("{text}\n"))
}

/// Prints a result as it is.
pub(crate) fn write(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("standard output cannot be written")
}

/// Says something on the way.
pub(crate) fn remark(text: &str) {
    // Nobody may be listening; that is no reason to fail.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
