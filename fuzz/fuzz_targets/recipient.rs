//! `to`, on every channel, and ids as paths and bodies give them.
#![no_main]

use cetar_model::{DeviceId, JobId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    cetar_server::properties::to(text);
    assert!(text.parse::<DeviceId>().is_err() || text.starts_with("dev_"));
    assert!(text.parse::<JobId>().is_err() || text.starts_with("job_"));
});
