//! SPDX licence expressions, as far as Cargo manifests use them.

use std::iter::Peekable;

/// Whether the expression can be met with licences for which `accepted` is true. `/` is the old way to write `OR`; `WITH`
/// belongs to the licence before it.
pub(crate) fn is_satisfied(expression: &str, accepted: impl Fn(&str) -> bool) -> bool {
    let spaced =
        expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "+WITH+");
    let words: Vec<String> = spaced.split_whitespace().map(|word| word.replace("+WITH+", " WITH ")).collect();
    let mut words = words.iter().map(String::as_str).peekable();
    let satisfied = either(&mut words, &accepted);
    words.next().is_none() && satisfied
}

fn either<'w, I: Iterator<Item = &'w str>>(
    words: &mut Peekable<I>,
    accepted: &impl Fn(&str) -> bool,
) -> bool {
    let mut satisfied = both(words, accepted);
    while words.next_if_eq(&"OR").is_some() {
        satisfied |= both(words, accepted);
    }
    satisfied
}

fn both<'w, I: Iterator<Item = &'w str>>(words: &mut Peekable<I>, accepted: &impl Fn(&str) -> bool) -> bool {
    let mut satisfied = one(words, accepted);
    while words.next_if_eq(&"AND").is_some() {
        satisfied &= one(words, accepted);
    }
    satisfied
}

fn one<'w, I: Iterator<Item = &'w str>>(words: &mut Peekable<I>, accepted: &impl Fn(&str) -> bool) -> bool {
    match words.next() {
        Some("(") => either(words, accepted) & words.next_if_eq(&")").is_some(),
        Some(id) => accepted(id),
        None => false,
    }
}

#[test]
fn expressions_as_manifests_write_them() {
    let accepted = |id: &str| ["MIT", "Apache-2.0", "ISC"].contains(&id);
    for (expression, satisfied) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR GPL-3.0-only) AND ISC", true),
        ("ISC AND (GPL-2.0-only OR LGPL-2.1-only)", false),
        ("GPL-3.0-only OR MIT AND ISC", true),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("MIT ISC", false),
        ("(MIT", false),
        ("", false),
        ("no licence stated", false),
    ] {
        assert_eq!(is_satisfied(expression, accepted), satisfied, "{expression}");
    }
}
