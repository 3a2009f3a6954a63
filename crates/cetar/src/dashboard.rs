//! The dashboard's files, as they were when the program was built.

/// Sorted by name.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// One of them.
fn file(name: &str) -> Option<&'static [u8]> {
    FILES.binary_search_by(|(known, _)| known.cmp(&name)).ok().map(|at| FILES[at].1)
}

/// All of them; none, if the program was built without (`scripts/dashboard` makes them).
pub(crate) fn files() -> Option<cetar_server::Dashboard> {
    file("index.html").map(|_| file as cetar_server::Dashboard)
}
