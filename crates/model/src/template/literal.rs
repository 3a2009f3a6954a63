//! What somebody else wrote, put into a text that WhatsApp reads as markup: it is to be shown as it was written.
//!
//! WhatsApp knows no escape. Its apps take `*`, `_`, `~` and `` ` `` for markup where one begins or ends a word, and `>`, `-`, `*` and
//! `1.` where they begin a line (faq.whatsapp.com/539178204879377). An invisible WORD JOINER on both sides of such a character keeps it
//! from either: taken for a letter, it puts the character within a word; taken for a blank, it puts a blank between the character and
//! its word, and neither is markup. Before what begins a line it makes something else the beginning. ADR 23 has the reasons.

use std::ops::Range;

/// U+2060: no width, and no line is broken at it.
const JOINER: char = '\u{2060}';

/// One text, as it grows.
#[derive(Debug)]
pub(super) struct Shown {
    /// So many bytes of it were looked at: none twice, however long its lines become.
    seen: usize,
    /// On the line on which they end is nothing but blanks.
    begins_line: bool,
}

impl Default for Shown {
    fn default() -> Self {
        Self { seen: 0, begins_line: true }
    }
}

impl Shown {
    /// Appends `variable` to `text`, so that nothing of it is read as markup. Addresses stay as they are: they would lead elsewhere.
    /// `text` is the same at each call, and has grown at most.
    pub(super) fn append(&mut self, variable: &str, text: &mut String) {
        let mut before = text.chars().next_back();
        let mut goes_on = variable.contains(['*', '_', '~', '`']) && ends_in_link(text);
        for run in variable.split_inclusive(char::is_whitespace) {
            let address = if goes_on { 0..run.trim_end().len() } else { address(run) };
            goes_on = false;
            for (at, c) in run.char_indices() {
                let rest = &run[at..];
                if self.begins_line(text) && begins_block(rest) {
                    join(text);
                }
                let after = rest.chars().nth(1);
                let within_word =
                    before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric);
                if matches!(c, '*' | '_' | '~' | '`') && !within_word && !address.contains(&at) {
                    join(text);
                    text.push(c);
                    text.push(JOINER);
                } else {
                    text.push(c);
                }
                before = Some(c);
            }
        }
    }

    fn begins_line(&mut self, text: &str) -> bool {
        for c in text.get(self.seen..).unwrap_or_default().chars() {
            self.begins_line = matches!(c, '\n' | '\r') || (self.begins_line && c.is_whitespace());
        }
        self.seen = text.len();
        self.begins_line
    }
}

fn join(text: &mut String) {
    if !text.ends_with(JOINER) {
        text.push(JOINER);
    }
}

/// A quote, or an entry of a list.
fn begins_block(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < text.len() && digits.starts_with(". ");
    text.starts_with('>') || text.starts_with("- ") || text.starts_with("* ") || numbered
}

/// An address that a text ends in goes on in what is appended, unless it is longer than this.
const LONGEST_LINK: usize = 2048;

/// Whether a text ends within a link: `https://toko.id/{{1}}`.
fn ends_in_link(text: &str) -> bool {
    let mut last = text.char_indices().rev().take(LONGEST_LINK);
    let blank = last.find(|(_, c)| c.is_whitespace());
    let run = blank.map_or(text, |(at, blank)| &text[at + blank.len_utf8()..]);
    run.len() <= 4 * LONGEST_LINK && link(run).is_some()
}

/// Where in a run without blanks, but for its end, an address stands; empty if nowhere.
fn address(run: &str) -> Range<usize> {
    let run = run.trim_end();
    link(run).map(|from| from..run.len()).or_else(|| mail(run)).unwrap_or_default()
}

/// Where a link begins; it ends with its run. As phones know one: by what it begins with, or a name and a path (`s.id/promo`).
fn link(run: &str) -> Option<usize> {
    let mut before = None;
    for (at, c) in run.char_indices() {
        if !before.is_some_and(char::is_alphanumeric) && begins_link(&run[at..]) {
            return Some(at);
        }
        before = Some(c);
    }
    let path = run.match_indices('/').map(|(at, _)| &run[..at]).find(|host| ends_in_domain(host))?;
    Some(
        path.rfind(|c: char| !(c.is_alphanumeric() || ".-:".contains(c)))
            .map_or(0, |at| at + path[at..].chars().next().map_or(1, char::len_utf8)),
    )
}

fn begins_link(text: &str) -> bool {
    ["http://", "https://", "www."]
        .iter()
        .any(|begin| text.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin)))
}

/// `toko.id`, or `toko.id:8080`.
fn ends_in_domain(text: &str) -> bool {
    let host = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let host = host.strip_suffix(':').unwrap_or(text);
    let name = host.trim_end_matches(char::is_alphabetic);
    host.len() - name.len() >= 2
        && name.strip_suffix('.').is_some_and(|name| name.ends_with(char::is_alphanumeric))
}

/// A mail address; it ends with its domain.
fn mail(run: &str) -> Option<Range<usize>> {
    let at = run.find('@')?;
    let (name, domain) = (&run[..at], &run[at + 1..]);
    let name = name.trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
    let end = domain.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-')).unwrap_or(domain.len());
    let domain = domain[..end].trim_end_matches(['.', '-']);
    (!name.is_empty() && ends_in_domain(domain)).then(|| at - name.len()..at + 1 + domain.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn appended(text: &str, variable: &str) -> String {
        let mut text = text.to_owned();
        Shown::default().append(variable, &mut text);
        // `|` is easier to see.
        text.replace(JOINER, "|")
    }

    #[test]
    fn what_would_be_markup_is_shown_as_it_was_written() {
        for (text, variable, expected) in [
            ("", "*GRATIS*", "|*|GRATIS|*|"),
            ("Halo ", "_x_ ~y~ `z`", "Halo |_|x|_| |~|y|~| |`|z|`|"),
            ("*Halo ", "Budi*", "*Halo Budi|*|"),
            ("", "**x**", "|*|*|x|*|*|"),
            ("", "```kode```", "|`|`|`|kode|`|`|`|"),
            ("", "> kutipan\n>lagi", "|> kutipan\n|>lagi"),
            ("Nama: ", "> bukan kutipan", "Nama: > bukan kutipan"),
            ("Daftar:\n", "- satu\n- dua", "Daftar:\n|- satu\n|- dua"),
            ("", "* satu", "|*| satu"),
            ("", "1. satu\n23. dua", "|1. satu\n|23. dua"),
            ("", "*s.id/promo_", "|*|s.id/promo_"),
            ("", "_budi@contoh.com_", "_budi@contoh.com|_|"),
            ("", "5/10 *x*", "5/10 |*|x|*|"),
            ("", "a.b/_c_", "a.b/|_|c|_|"),
            ("", "@budi_ _x_", "@budi|_| |_|x|_|"),
            ("", "> https://s.id/_a_", "|> https://s.id/_a_"),
            ("Buka https://toko.id/", "~budi_ *x*", "Buka https://toko.id/~budi_ |*|x|*|"),
            ("Buka toko.id/", "_a_", "Buka toko.id/_a_"),
            ("toko.id/ ", "_a_", "toko.id/ |_|a|_|"),
        ] {
            assert_eq!(appended(text, variable), expected, "{variable}");
        }
    }

    #[test]
    fn what_would_be_none_stays_byte_for_byte() {
        for variable in [
            "Budi Santoso",
            "Rp 500.000",
            "budi_santoso@contoh.com",
            "5*3",
            "a~b",
            "-5",
            "2026-11-23 10.30",
            "500.000",
            "https://contoh.com/_a_?x=*b*&y=~c~",
            "lihat HTTPS://contoh.com/_a_ ya",
            "s.id/promo_",
            "bit.ly/_abc",
            "buka toko.id/~budi, ya",
            "toko.id:8080/_a_",
            "_budi@contoh.com",
            "tulis ke _budi_s@toko.contoh.com.",
            "",
        ] {
            assert_eq!(appended("", variable), variable);
        }
    }

    proptest! {
        #[test]
        fn nothing_but_joiners_is_added(text in "\\PC{0,8}", variable in "[-*_~`>.0-9a \\n]{0,24}") {
            let shown = appended(&text, &variable).replace('|', "");
            prop_assert_eq!(shown, format!("{text}{variable}").replace('|', ""));
        }

        #[test]
        fn no_mark_at_the_edge_of_a_word_is_left_bare(variable in "[*_~`a ]{0,24}") {
            let shown: Vec<char> = format!(" {} ", appended("", &variable)).chars().collect();
            for at in shown.windows(3) {
                if matches!(at[1], '*' | '_' | '~' | '`') {
                    let within = at[0].is_alphanumeric() && at[2].is_alphanumeric();
                    prop_assert!(within || (at[0] == '|' && at[2] == '|'), "{:?}", at);
                }
            }
        }
    }
}
