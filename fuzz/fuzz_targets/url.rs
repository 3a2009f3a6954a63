//! A URL that we are to call: no spelling of it leads to our own networks.
#![no_main]

use std::sync::LazyLock;

use cetar_provider::http::{Client, Options};
use libfuzzer_sys::fuzz_target;

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::new(Options::default()).expect("a client")
});

fuzz_target!(|text: &str| cetar_provider::http::properties::any_url(&CLIENT, text));
