//! Sealing and opening, as phones do.

use aes::Aes256;
use aes::cipher::{Block, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use ring::digest;
use waproto::whatsapp::Message;
use waproto::whatsapp::message::interactive_message::header;

use crate::crypto::{hkdf_sha256, hmac_sha256, random_bytes};

const BLOCK: usize = 16;
const MAC: usize = 10;

/// The kinds of media that are sealed differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// Pictures, stickers too.
    Image,
    /// Films.
    Video,
    /// Sounds and voice notes.
    Audio,
    /// Files.
    Document,
}

impl MediaKind {
    /// As the path of an upload names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Image, Self::Video, Self::Audio, Self::Document].into_iter().find(|kind| kind.name() == name)
    }

    fn info(self) -> &'static [u8] {
        match self {
            Self::Image => b"WhatsApp Image Keys",
            Self::Video => b"WhatsApp Video Keys",
            Self::Audio => b"WhatsApp Audio Keys",
            Self::Document => b"WhatsApp Document Keys",
        }
    }
}

/// A medium on the servers, as a message tells of it.
#[derive(Debug, Clone)]
pub struct SealedMedia {
    /// Which kind.
    pub kind: MediaKind,
    /// The path on the media servers.
    pub direct_path: String,
    /// The media key.
    pub media_key: Vec<u8>,
    /// SHA-256 of the plain bytes.
    pub file_sha256: Vec<u8>,
    /// SHA-256 of what is on the servers.
    pub file_enc_sha256: Vec<u8>,
    /// How many plain bytes.
    pub file_length: u64,
}

struct Keys {
    iv: [u8; BLOCK],
    cipher: Aes256,
    mac: [u8; 32],
}

impl Keys {
    fn of(kind: MediaKind, media_key: &[u8]) -> Option<Self> {
        let expanded: [u8; 112] = hkdf_sha256(media_key, &[], kind.info());
        let (iv, rest) = expanded.split_at(BLOCK);
        let (cipher, rest) = rest.split_at(32);
        Some(Self {
            iv: iv.try_into().ok()?,
            cipher: Aes256::new_from_slice(cipher).ok()?,
            mac: rest.get(..32)?.try_into().ok()?,
        })
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// Seals a medium: what goes to the servers, and what goes into the message (its path is not known yet).
pub(crate) fn seal(kind: MediaKind, plain: &[u8]) -> Option<(Vec<u8>, SealedMedia)> {
    let media_key = random_bytes::<32>();
    let keys = Keys::of(kind, &media_key)?;
    let padding = BLOCK - plain.len() % BLOCK;
    let mut sealed = plain.to_vec();
    sealed.resize(plain.len() + padding, u8::try_from(padding).ok()?);
    let mut before = keys.iv;
    for block in sealed.chunks_exact_mut(BLOCK) {
        block.iter_mut().zip(before).for_each(|(byte, other)| *byte ^= other);
        let mut one = Block::<Aes256>::default();
        one.copy_from_slice(block);
        keys.cipher.encrypt_block(&mut one);
        block.copy_from_slice(&one);
        before.copy_from_slice(block);
    }
    let mac = hmac_sha256(&keys.mac, &[&keys.iv, sealed.as_slice()].concat());
    sealed.extend_from_slice(&mac[..MAC]);
    let told = SealedMedia {
        kind,
        direct_path: String::new(),
        media_key: media_key.to_vec(),
        file_sha256: sha256(plain),
        file_enc_sha256: sha256(&sealed),
        file_length: plain.len() as u64,
    };
    Some((sealed, told))
}

/// Opens what the servers have, and checks it against all that the message says of it.
pub(crate) fn open(told: &SealedMedia, sealed: &[u8]) -> Result<Vec<u8>, String> {
    if sha256(sealed) != told.file_enc_sha256 {
        return Err("the hash of the ciphertext is another".to_owned());
    }
    let keys = Keys::of(told.kind, &told.media_key).ok_or("the media key cannot be used")?;
    let (cipher, mac) = sealed.split_at_checked(sealed.len().saturating_sub(MAC)).ok_or("too short")?;
    if hmac_sha256(&keys.mac, &[&keys.iv, cipher].concat())[..MAC] != *mac {
        return Err("the HMAC does not verify".to_owned());
    }
    let mut plain = cipher.to_vec();
    let mut before = keys.iv;
    for block in plain.chunks_exact_mut(BLOCK) {
        let mut one = Block::<Aes256>::default();
        one.copy_from_slice(block);
        let sealed: [u8; BLOCK] = one.into();
        keys.cipher.decrypt_block(&mut one);
        block.copy_from_slice(&one);
        block.iter_mut().zip(before).for_each(|(byte, other)| *byte ^= other);
        before = sealed;
    }
    let padding = plain.last().copied().map_or(0, usize::from);
    let length =
        plain.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding)).ok_or("the padding")?;
    plain.truncate(length);
    if sha256(&plain) != told.file_sha256 || plain.len() as u64 != told.file_length {
        return Err("the plain bytes are not those the message tells of".to_owned());
    }
    Ok(plain)
}

/// The medium a message carries, the picture above its buttons included.
pub(crate) fn told(message: &Message) -> Option<SealedMedia> {
    macro_rules! told {
        ($kind:ident, $medium:expr) => {{
            let it = $medium;
            Some(SealedMedia {
                kind: MediaKind::$kind,
                direct_path: it.direct_path.clone()?,
                media_key: it.media_key.clone()?,
                file_sha256: it.file_sha256.clone()?,
                file_enc_sha256: it.file_enc_sha256.clone()?,
                file_length: it.file_length?,
            })
        }};
    }
    let wrapped = message.document_with_caption_message.as_option().and_then(|it| it.message.as_option());
    let message = wrapped.unwrap_or(message);
    if let Some(image) = message.image_message.as_option() {
        return told!(Image, image);
    }
    if let Some(video) = message.video_message.as_option() {
        return told!(Video, video);
    }
    if let Some(audio) = message.audio_message.as_option() {
        return told!(Audio, audio);
    }
    if let Some(document) = message.document_message.as_option() {
        return told!(Document, document);
    }
    match message.interactive_message.as_option()?.header.as_option()?.media.as_ref()? {
        header::Media::ImageMessage(image) => told!(Image, image),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_nothing_else_does() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let plain = vec![7; length];
            let (sealed, told) = seal(MediaKind::Video, &plain).unwrap();
            assert_eq!(open(&told, &sealed).unwrap(), plain);
            assert!(open(&SealedMedia { kind: MediaKind::Image, ..told.clone() }, &sealed).is_err());
            let mut other = sealed.clone();
            other[0] ^= 1;
            assert!(open(&told, &other).is_err());
            let consistent = SealedMedia { file_enc_sha256: sha256(&other), ..told };
            assert!(open(&consistent, &other).is_err());
        }
    }
}
