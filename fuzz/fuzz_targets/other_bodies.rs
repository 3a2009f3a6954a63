//! The bodies of `POST /v1/send-template`, `/v1/templates`, `/v1/meta/messages` and `/v1/check-number`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| cetar_server::properties::other_bodies(bytes));
