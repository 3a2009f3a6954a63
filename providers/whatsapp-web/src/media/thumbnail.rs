//! The small picture a phone shows until it has fetched the large one, and the large one's measures.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageReader, Limits, codecs::jpeg::JpegEncoder, metadata::Orientation,
};

/// The longer side, in pixels.
const SIDE: u32 = 100;
/// It travels inside the message, once for every device.
const QUALITY: u8 = 60;
/// Decoded, a picture may take so much memory; a larger one goes without thumbnail.
const MOST_MEMORY: u64 = 96 * 1024 * 1024;

/// What is found in a picture.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Pixels, as it is shown.
    pub(crate) size: Option<(u32, u32)>,
    /// A JPEG.
    pub(crate) thumbnail: Option<Vec<u8>>,
}

/// Looks at a JPEG or PNG. What cannot be read is sent without: its recipient's phone may still show it. Takes as long as
/// decoding does: not for an async task.
pub(crate) fn look(bytes: &[u8]) -> Look {
    let mut look = Look::default();
    let Ok(mut reader) = ImageReader::new(Cursor::new(bytes)).with_guessed_format() else { return look };
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits.clone());
    let Ok(mut decoder) = reader.into_decoder() else { return look };
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    look.size = Some(if turned { (height, width) } else { (width, height) });
    if decoder.total_bytes() > MOST_MEMORY || decoder.set_limits(limits).is_err() {
        return look;
    }
    let Ok(mut picture) = DynamicImage::from_decoder(decoder) else { return look };
    picture = picture.thumbnail(SIDE, SIDE);
    picture.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    // A JPEG has no transparency.
    let encoded = JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture.to_rgb8());
    look.thumbnail = encoded.is_ok().then_some(jpeg);
    look
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbaImage};

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = RgbaImage::from_pixel(width, height, image::Rgba([200, 30, 30, 128]));
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_has_measures_and_a_small_jpeg() {
        let look = look(&png(640, 320));
        assert_eq!(look.size, Some((640, 320)));
        let thumbnail = look.thumbnail.unwrap();
        assert_eq!(super::look(&thumbnail).size, Some((100, 50)));
        assert!(thumbnail.starts_with(&[0xff, 0xd8]));
    }

    #[test]
    fn a_picture_too_large_to_decode_has_measures_only() {
        let mut large = png(1, 1);
        // Width and height stand behind signature, length and name of the first chunk; its checksum follows.
        large[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
        let mut sum = crc(&large[12..29]).to_be_bytes();
        large[29..33].swap_with_slice(&mut sum);
        assert_eq!(look(&large), Look { size: Some((50_000, 50_000)), thumbnail: None });
    }

    #[test]
    fn what_is_no_picture_has_nothing() {
        assert_eq!(look(b"%PDF-1.7"), Look::default());
        assert_eq!(look(&png(64, 64)[..40]).thumbnail, None);
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }
}
