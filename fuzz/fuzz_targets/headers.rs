//! `Accept-Language`, `Idempotency-Key`, `X-Forwarded-For`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| cetar_server::properties::headers(bytes));
