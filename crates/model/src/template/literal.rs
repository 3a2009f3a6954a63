//! What somebody else wrote, put into a text that WhatsApp reads as markup: it is to be shown as it was written.
//!
//! WhatsApp knows no escape. Its apps take `*`, `_`, `~` and `` ` `` for markup where one begins or ends a word, and `>`, `-`, `*` and
//! `1.` where they begin a line (faq.whatsapp.com/539178204879377). An invisible WORD JOINER on both sides of such a character keeps it
//! from either: taken for a letter, it puts the character within a word; taken for a blank, it puts a blank between the character and
//! its word, and neither is markup. Before what begins a line it makes something else the beginning. ADR 23 has the reasons.

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
        let mut rest = variable;
        while let Some(first) = rest.chars().next() {
            if self.begins_line(text) && begins_block(rest) {
                join(text);
            }
            if !before.is_some_and(char::is_alphanumeric) && is_address(rest) {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                text.push_str(&rest[..end]);
                before = rest[..end].chars().next_back();
                rest = &rest[end..];
                continue;
            }
            rest = &rest[first.len_utf8()..];
            let after = rest.chars().next();
            let within_word =
                before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric);
            if matches!(first, '*' | '_' | '~' | '`') && !within_word {
                join(text);
                text.push(first);
                text.push(JOINER);
            } else {
                text.push(first);
            }
            before = Some(first);
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

fn is_address(text: &str) -> bool {
    ["http://", "https://", "www."]
        .iter()
        .any(|begin| text.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin)))
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
