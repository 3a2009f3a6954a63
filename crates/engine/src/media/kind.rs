//! What a file is, by its content. What its server or its sender says of it is only asked where the content cannot tell.

/// The media type of a file that begins like this. `name` decides between types that look alike from inside.
pub(crate) fn content_type(head: &[u8], name: Option<&str>) -> &'static str {
    let ending = name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    let ending = ending.as_deref();
    match infer::get(head).map(|kind| kind.mime_type()) {
        // An office document is an archive; one whose parts come in an unusual order looks like any other.
        Some("application/zip") => match ending {
            Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Some("pptx") => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            _ => "application/zip",
        },
        // What is in it is Opus; the file is called by what it is wrapped in (RFC 7845, 9), as every network asks for it.
        Some("audio/opus") => "audio/ogg",
        Some(known) => known,
        None if is_text(head) => match ending {
            Some("csv") => "text/csv",
            _ if looks_like_a_page(head) => "text/html",
            _ => "text/plain",
        },
        None => "application/octet-stream",
    }
}

/// UTF-8, perhaps cut within its last character, and nothing that is never in a text.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

fn looks_like_a_page(head: &[u8]) -> bool {
    let begin = head.get(..head.len().min(1024)).unwrap_or_default().to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<head", b"<script"]
        .iter()
        .any(|mark| begin.windows(mark.len()).any(|part| part == *mark))
}

/// The ending a file of this type usually has, for what came without a name.
pub(crate) fn ending(content_type: &str) -> &'static str {
    match content_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "video/mp4" => "mp4",
        "audio/ogg" => "ogg",
        "audio/mpeg" => "mp3",
        "audio/mp4" | "audio/m4a" => "m4a",
        "application/pdf" => "pdf",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_begins_with_whatever_it_is_called() {
        for (head, name, expected) in [
            (&b"\xff\xd8\xff\xe0\x00\x10JFIF"[..], Some("a.pdf"), "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", None, "image/png"),
            (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", None, "video/mp4"),
            (b"%PDF-1.7\n", Some("gambar.jpg"), "application/pdf"),
            (b"OggS\x00\x02\x00\x00", None, "audio/ogg"),
            (b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead", None, "audio/ogg"),
            (
                b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
                Some("harga.XLSX"),
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
            (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", Some("a.zip"), "application/zip"),
            (b"nama;harga\nBudi;500", Some("a.csv"), "text/csv"),
            ("Halo é".as_bytes(), None, "text/plain"),
            (&"Halo é".as_bytes()[..6], None, "text/plain"),
            (b"\n<!DOCTYPE html><html>", Some("gambar.jpg"), "text/html"),
            (b"<p>hi</p><script>", None, "text/html"),
            (b"\x00\x01\x02\x03", Some("a.txt"), "application/octet-stream"),
            (b"\xfe\xff\x00", None, "application/octet-stream"),
        ] {
            assert_eq!(content_type(head, name), expected, "{}", String::from_utf8_lossy(head));
        }
    }
}
