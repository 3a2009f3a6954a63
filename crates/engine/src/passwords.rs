//! Passwords: Argon2id, away from the threads that serve requests, and never many at once: each takes 19 MiB and a tenth of a second on
//! purpose.
use std::sync::{Arc, LazyLock};

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use cetar_model::IdSource;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

/// So many are worked on at once; further ones wait.
const AT_ONCE: usize = 4;
/// The fewest characters of a password (NIST SP 800-63B asks for eight).
pub const SHORTEST: usize = 10;
/// The most characters of a password: hashing must have an end.
pub const LONGEST: usize = 200;

/// Letters and digits that no two of look alike.
pub(crate) const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Of a random password; five bits each: 100 bits.
const RANDOM_LETTERS: usize = 20;

static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));

/// Hashing failed, which only a bug or a lack of memory brings about.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct HashError(String);

/// A random password that can be read out and typed.
pub fn random(ids: &IdSource) -> SecretString {
    let random: [u8; RANDOM_LETTERS] = ids.random();
    let letters: Vec<char> = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    letters.chunks(5).map(String::from_iter).collect::<Vec<_>>().join("-").into()
}

/// In PHC form, with the crate's parameters, which follow OWASP's (19 MiB, 2 passes).
pub async fn hash(ids: &IdSource, password: SecretString) -> Result<String, HashError> {
    let salt = ids.random::<16>();
    off_thread(move || {
        let salt = SaltString::encode_b64(&salt).map_err(|error| HashError(error.to_string()))?;
        let hash = Argon2::default().hash_password(password.expose_secret().as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|error| HashError(error.to_string()))
    })
    .await?
}

/// Whether this password made this hash. Where there is none it takes as long, and is no.
pub(crate) async fn is_right(hash: Option<String>, password: SecretString) -> Result<bool, HashError> {
    off_thread(move || {
        let password = password.expose_secret().as_bytes();
        if let Some(Ok(hash)) = hash.as_deref().map(PasswordHash::new) {
            return Argon2::default().verify_password(password, &hash).is_ok();
        }
        let mut spent = [0; 32];
        // The answer is no, whatever comes of it.
        let _spent = Argon2::default().hash_password_into(password, &[0; 16], &mut spent);
        false
    })
    .await
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
    // Never closed.
    let place = Arc::clone(&PLACES).acquire_owned().await.map_err(|error| HashError(error.to_string()))?;
    let done = tokio::task::spawn_blocking(move || {
        // Held until the work is done, whoever still waits for it.
        let _place = place;
        work()
    });
    done.await.map_err(|error| HashError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_password_is_long_and_readable() {
        static NEXT: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
        let ids = IdSource::new(|bytes| {
            bytes.fill_with(|| NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        });
        let (first, second) = (random(&ids), random(&ids));
        assert_ne!(first.expose_secret(), second.expose_secret());
        assert_eq!(first.expose_secret().len(), RANDOM_LETTERS + 3);
        assert!(!first.expose_secret().contains(['0', 'o', '1', 'l']));
    }

    #[tokio::test]
    async fn a_password_opens_its_own_hash_and_no_other() {
        let ids = IdSource::new(|bytes| bytes.fill(7));
        let hash = hash(&ids, "rahasia-sekali".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is_right(Some(hash.clone()), "rahasia-sekali".into()).await.unwrap());
        assert!(!is_right(Some(hash), "rahasia-sekalI".into()).await.unwrap());
        for none in [None, Some(String::new()), Some("plain".to_owned())] {
            assert!(!is_right(none, "plain".into()).await.unwrap());
        }
    }
}
