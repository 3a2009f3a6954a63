//! What stands after `Bearer`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| cetar_engine::keys::any_text(text));
