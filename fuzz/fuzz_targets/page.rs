//! The query of a list: its limit and its cursor.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| cetar_server::properties::page(query));
