//! Pictures, films, sounds and files: sealed for WhatsApp's servers going out, fetched and opened coming in.
//!
//! WhatsApp keeps only ciphertext: 32 random bytes are expanded (HKDF) to an AES-256-CBC key, its IV and an HMAC key, and
//! travel inside the message. Source: whatsapp-rust 0.7, `wacore::upload` and `wacore::download`.

mod download;
mod mp4;
mod ogg;
mod reference;
mod spool;
mod thumbnail;
mod upload;

pub(crate) use reference::Reference;
pub(crate) use upload::{Sealed, Uploads, media_type};
