//! Secrets at rest.

use secrecy::SecretString;

/// The master key is not usable.
#[derive(Debug, thiserror::Error)]
#[error("the master key is not usable: {0}")]
pub struct MasterKeyError(pub String);

/// 32 random bytes and their id (the first four bytes of their SHA-256).
pub struct MasterKey {}
impl MasterKey {
    /// Reads the text form, `cmk_` + 64 hex digits, as `master.key` and `CETAR_MASTER_KEY` hold it.
    pub fn parse(text: &SecretString) -> Result<Self, MasterKeyError> {
        todo!()
    }
    /// From fresh randomness.
    pub fn generate(random: [u8; 32]) -> Self {
        todo!()
    }
    /// The text form.
    pub fn to_text(&self) -> SecretString {
        todo!()
    }
}

/// Seals with the first key, opens with any.
pub struct Sealer {}
impl Sealer {
    /// The first seals; the others, of earlier rotations, only open.
    pub fn new(keys: Vec<MasterKey>) -> Self {
        todo!()
    }
}
