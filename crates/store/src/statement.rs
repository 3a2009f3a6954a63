//! SQL as values: every statement has a name, is written once, and can be listed, so that a test prepares all of them on
//! both engines.

use std::sync::{Arc, OnceLock};

/// One statement, `$n` placeholders. The texts differ at most by what PostgreSQL needs to lock rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    /// What the code calls it.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the test that prepares all statements"))]
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Sql {
    /// Transaction control and upkeep of SQLite, which PostgreSQL has no word for.
    pub(crate) const fn sqlite_only(text: &'static str) -> Self {
        Self { name: text, sqlite: text, postgres: "" }
    }

    /// The same for PostgreSQL.
    pub(crate) const fn postgres_only(text: &'static str) -> Self {
        Self { name: text, sqlite: "", postgres: text }
    }
}

/// Declares statements as constants, and `STATEMENTS`, the list of them. `postgres "FOR UPDATE"` appends to PostgreSQL's text.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr $(, postgres $lock:literal)?;)*) => {
        $(
            $(#[$doc])*
            const $name: $crate::statement::Sql = $crate::statement::Sql {
                name: stringify!($name),
                sqlite: $text,
                postgres: concat!($text $(, " ", $lock)?),
            };
        )*
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[$crate::statement::Sql] = &[$($name),*];
    };
}
pub(crate) use statements;

/// The most rows in one statement: 18 columns of it stay below SQLite's 32,766 and PostgreSQL's 65,535 parameters.
pub(crate) const MAX_ROWS: usize = 256;
/// The sizes of chunks. Few, for a connection keeps each text of each statement; and such that what is common is cut into two at most,
/// for each is a round trip to PostgreSQL.
const SIZES: [usize; 17] = [1, 2, 3, 4, 5, 6, 7, 8, 16, 24, 32, 40, 48, 56, 64, 128, MAX_ROWS];

/// A statement over n rows. `$` stands for a parameter, in the order of binding: those of `head`, of each row, of `tail`.
///
/// It is run in chunks of certain sizes, so that a connection caches seventeen texts of it and not hundreds.
pub(crate) struct Multi {
    #[cfg_attr(not(test), expect(dead_code, reason = "for the test that prepares all statements"))]
    pub(crate) name: &'static str,
    head: &'static str,
    row: &'static str,
    tail: &'static str,
    postgres_tail: &'static str,
    texts: [[OnceLock<Arc<str>>; SIZES.len()]; 2],
}

impl Multi {
    pub(crate) const fn new(
        name: &'static str,
        head: &'static str,
        row: &'static str,
        tail: &'static str,
        postgres_tail: &'static str,
    ) -> Self {
        Self {
            name,
            head,
            row,
            tail,
            postgres_tail,
            texts: [
                const { [const { OnceLock::new() }; SIZES.len()] },
                const { [const { OnceLock::new() }; SIZES.len()] },
            ],
        }
    }

    /// SQLite's text for `rows` rows, one of the sizes. Its parameters are anonymous: SQLite looks up named ones (`$1`) by a
    /// linear search through all of them, at every execution.
    ///
    /// It inserts `OR FAIL`: what stands in the way of one row leaves the rows before it, for our caller to undo, who undoes the whole
    /// command. Otherwise SQLite would keep a copy of every page that it touches, to undo the one statement.
    pub(crate) fn sqlite(&self, rows: usize) -> Arc<str> {
        self.cached(0, rows, |_| "?".into())
    }

    /// PostgreSQL's text for `rows` rows, one of the sizes.
    pub(crate) fn postgres(&self, rows: usize) -> Arc<str> {
        self.cached(1, rows, |n| format!("${n}"))
    }

    fn cached(&self, engine: usize, rows: usize, parameter: fn(usize) -> String) -> Arc<str> {
        let size = SIZES.binary_search(&rows);
        debug_assert!(size.is_ok(), "no chunk has {rows} rows");
        let build = || {
            let rows = vec![self.row; rows].join(", ");
            let lock = if engine == 1 { self.postgres_tail } else { "" };
            let head = match self.head.strip_prefix("INSERT INTO") {
                Some(rest) if engine == 0 => format!("INSERT OR FAIL INTO{rest}"),
                _ => self.head.to_owned(),
            };
            let template = [&head, &rows, self.tail, lock].concat();
            let mut text = String::with_capacity(template.len() * 2);
            for (n, piece) in template.split('$').enumerate() {
                if n > 0 {
                    text.push_str(&parameter(n));
                }
                text.push_str(piece);
            }
            Arc::from(text)
        };
        match size.ok().and_then(|size| self.texts[engine].get(size)) {
            Some(slot) => Arc::clone(slot.get_or_init(build)),
            None => build(),
        }
    }
}

/// Cuts rows into chunks, the largest first: 137 = 128 + 8 + 1.
pub(crate) fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.iter().rev().find(|size| **size <= rows.len())?;
        let (chunk, rest) = rows.split_at(*size);
        rows = rest;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_the_order_of_binding() {
        static MULTI: Multi =
            Multi::new("MULTI", "UPDATE t SET a = $ WHERE b IN (", "$", ") AND c = $", " FOR UPDATE");
        assert_eq!(&*MULTI.sqlite(2), "UPDATE t SET a = ? WHERE b IN (?, ?) AND c = ?");
        assert_eq!(&*MULTI.postgres(2), "UPDATE t SET a = $1 WHERE b IN ($2, $3) AND c = $4 FOR UPDATE");
    }

    #[test]
    fn chunks_are_few_and_lose_nothing() {
        let rows: Vec<usize> = (0..1000).collect();
        for n in 0..rows.len() {
            let sizes: Vec<usize> = chunks(&rows[..n]).map(<[_]>::len).collect();
            assert!(sizes.iter().all(|size| SIZES.contains(size)), "{sizes:?}");
            assert!(n > 64 || sizes.len() <= 2, "{n}: {sizes:?}");
            assert_eq!(chunks(&rows[..n]).flatten().copied().collect::<Vec<_>>(), rows[..n]);
        }
    }
}
