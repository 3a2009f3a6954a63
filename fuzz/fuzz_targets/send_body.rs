//! The body of `POST /v1/messages`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| cetar_server::properties::send_body(bytes));
