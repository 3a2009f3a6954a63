//! Media as WhatsApp keeps them: ciphertext on an HTTPS server, keys in the messages.
//!
//! 32 random bytes, the media key, are expanded by HKDF-SHA256 with an info that names the kind to an IV (16), an
//! AES-256-CBC key (32) and an HMAC key (32). A blob is the PKCS#7-padded ciphertext and the first ten bytes of the HMAC
//! over IV and ciphertext.

mod seal;
mod server;

use std::collections::HashMap;

use crate::crypto::{hex, random_bytes};

pub use seal::{MediaKind, SealedMedia};
pub(crate) use seal::{open, seal, told};
pub(crate) use server::serve;

/// What the media servers keep.
pub(crate) struct Store {
    /// Where they are, as clients are told: host and port.
    pub(crate) host: String,
    /// Who may use them.
    pub(crate) auth: String,
    /// Ciphertext by path.
    pub(crate) blobs: HashMap<String, Vec<u8>>,
    /// How many uploads were taken.
    pub(crate) uploads: usize,
}

impl Store {
    pub(crate) fn new() -> Self {
        let mut store = Self { host: String::new(), auth: String::new(), blobs: HashMap::new(), uploads: 0 };
        store.renew_auth();
        store
    }

    pub(crate) fn renew_auth(&mut self) {
        self.auth = hex(&random_bytes::<16>());
    }

    /// Keeps a blob under a path of its own.
    pub(crate) fn keep(&mut self, kind: &str, blob: Vec<u8>) -> String {
        let path = format!("/v/{kind}/{}.enc", hex(&random_bytes::<12>()));
        self.blobs.insert(path.clone(), blob);
        path
    }
}
