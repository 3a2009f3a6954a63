//! What a file is, by its content. What its server or its sender says of it is only asked where the content cannot tell.

/// How files of Microsoft's compound format begin ([MS-CFB] 2.2): Office up to 2003, and installers and mails too.
const COMPOUND: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// The stream that each kind of old office file has, and the endings it usually has.
const OFFICE: [(&str, &[&str], &str); 4] = [
    ("WordDocument", &["doc", "dot"], "application/msword"),
    ("Workbook", &["xls", "xlt"], "application/vnd.ms-excel"),
    // Excel up to 95.
    ("Book", &[], "application/vnd.ms-excel"),
    ("PowerPoint Document", &["ppt", "pps"], "application/vnd.ms-powerpoint"),
];

/// The media type of a file that begins and ends like this; a short file's end may overlap its beginning. `name` decides between types
/// that look alike from inside.
pub(crate) fn content_type(head: &[u8], tail: &[u8], name: Option<&str>) -> &'static str {
    let ending = name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    let ending = ending.as_deref();
    if head.starts_with(COMPOUND) {
        return compound(head, tail, ending);
    }
    // It begins as a script does (RFC 4867, 5.1), and is taken for one by whoever looks no further.
    if head.starts_with(b"#!AMR") {
        return "audio/amr";
    }
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
        None if is_text(head) || is_wide_text(head) => match ending {
            Some("csv") => "text/csv",
            _ if looks_like_a_page(head) => "text/html",
            _ => "text/plain",
        },
        // Some code page of eight bits, as Excel saves it: that it is text at all, only its name says.
        None if has_no_controls(head) && !looks_like_a_page(head) => match ending {
            Some("csv") => "text/csv",
            Some("txt") => "text/plain",
            _ => "application/octet-stream",
        },
        None => "application/octet-stream",
    }
}

/// Which kind of old office file. The list of its streams mostly stands near the beginning or the end; where neither tells, its name may.
fn compound(head: &[u8], tail: &[u8], ending: Option<&str>) -> &'static str {
    let has = |stream: &str| {
        // A name ends with a zero, so that `Book` is not found in `Workbook`, nor `Workbook` in a longer one.
        let name: Vec<u8> = stream.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        [head, tail].iter().any(|part| part.windows(name.len()).any(|at| at == name))
    };
    let by_stream = OFFICE.iter().find(|(stream, ..)| has(stream));
    let by_name = || OFFICE.iter().find(|(_, endings, _)| ending.is_some_and(|it| endings.contains(&it)));
    by_stream.or_else(by_name).map_or("application/x-ole-storage", |(.., content_type)| content_type)
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
    reads_as_text(text.chars())
}

/// UTF-16 that says so by its first character, perhaps cut within its last.
fn is_wide_text(head: &[u8]) -> bool {
    let unit: fn([u8; 2]) -> u16 = match head {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return false,
    };
    let units: Vec<u16> = head[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    let whole = match units.split_last() {
        Some((0xd800..=0xdbff, before)) => before,
        _ => &units[..],
    };
    !whole.is_empty() && String::from_utf16(whole).is_ok_and(|text| reads_as_text(text.chars()))
}

fn reads_as_text(mut characters: impl Iterator<Item = char>) -> bool {
    !characters.any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

fn has_no_controls(head: &[u8]) -> bool {
    !head.is_empty() && !head.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t'))
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

    /// How a zip archive begins, by its first entry.
    fn zip(first: &str, content: &str) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
        bytes.resize(18, 0);
        let lengths =
            [content.len(), content.len()].map(|length| u32::try_from(length).unwrap().to_le_bytes());
        bytes.extend(lengths.concat());
        bytes.extend(u16::try_from(first.len()).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(first.as_bytes());
        bytes.extend(content.as_bytes());
        bytes
    }

    fn wide(text: &str) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    /// A compound file, larger than what is kept of it, whose list of streams has this name in it.
    fn office(stream: &str) -> Vec<u8> {
        let mut bytes = [COMPOUND, &[0; 4_000].repeat(10)].concat();
        bytes.extend("Root Entry\0".encode_utf16().flat_map(u16::to_le_bytes));
        bytes.resize(bytes.len().next_multiple_of(128), 0);
        bytes.extend(stream.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        bytes.extend([0; 5_000]);
        bytes
    }

    fn of(bytes: &[u8], name: Option<&str>) -> &'static str {
        let kept = bytes.len().min(16 * 1024);
        content_type(&bytes[..kept], &bytes[bytes.len() - kept..], name)
    }

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
            assert_eq!(of(head, name), expected, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn old_office_files_are_told_apart_however_large_they_are() {
        let plain = [COMPOUND, &[0; 4_000].repeat(10)].concat();
        for (bytes, name, expected) in [
            (office("WordDocument"), None, "application/msword"),
            (office("Workbook"), Some("harga.doc"), "application/vnd.ms-excel"),
            (office("Book"), None, "application/vnd.ms-excel"),
            (office("PowerPoint Document"), None, "application/vnd.ms-powerpoint"),
            (office("Workbooks of others"), None, "application/x-ole-storage"),
            (plain.clone(), Some("SURAT.DOC"), "application/msword"),
            (plain.clone(), Some("harga.xls"), "application/vnd.ms-excel"),
            (plain.clone(), Some("rapat.ppt"), "application/vnd.ms-powerpoint"),
            (plain.clone(), Some("pasang.msi"), "application/x-ole-storage"),
            (plain, None, "application/x-ole-storage"),
        ] {
            assert_eq!(of(&bytes, name), expected, "{name:?}");
        }
    }

    #[test]
    fn text_is_text_in_the_encodings_that_programs_save_it_in() {
        for (bytes, name, expected) in [
            (wide("nama\tharga\r\nBudi\t€ 5"), Some("harga.csv"), "text/csv"),
            (wide("Halo 🙂")[..13].to_vec(), None, "text/plain"),
            (wide("a\0b"), Some("a.txt"), "application/octet-stream"),
            (wide("<!DOCTYPE html>"), Some("a.txt"), "text/plain"),
            (b"\xef\xbb\xbfnama;harga".to_vec(), Some("a.csv"), "text/csv"),
            (b"nama;harga\r\nJos\xe9;\x80 5".to_vec(), Some("a.csv"), "text/csv"),
            (b"Jos\xe9\r\n".to_vec(), Some("a.TXT"), "text/plain"),
            (b"Jos\xe9\r\n".to_vec(), None, "application/octet-stream"),
            (b"Jos\xe9 <script>".to_vec(), Some("a.txt"), "application/octet-stream"),
            (b"Jos\xe9\x00\x01".to_vec(), Some("a.csv"), "application/octet-stream"),
        ] {
            assert_eq!(of(&bytes, name), expected, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn every_type_that_can_be_sent_is_recognised() {
        use cetar_provider::media_types as types;
        let open_document = |kind: &str| zip("mimetype", &format!("application/{kind}"));
        let samples: Vec<(Vec<u8>, Option<&str>)> = vec![
            (b"%PDF-1.7\n".to_vec(), None),
            (office("WordDocument"), None),
            (office("Workbook"), None),
            (office("PowerPoint Document"), None),
            (zip("[Content_Types].xml", ""), Some("a.docx")),
            (zip("[Content_Types].xml", ""), Some("a.xlsx")),
            (zip("[Content_Types].xml", ""), Some("a.pptx")),
            (open_document("vnd.oasis.opendocument.text"), None),
            (open_document("vnd.oasis.opendocument.spreadsheet"), None),
            (open_document("vnd.oasis.opendocument.presentation"), None),
            (open_document("epub+zip"), None),
            (zip("a.txt", "x"), None),
            (b"{\\rtf1\\ansi".to_vec(), None),
            (b"nama".to_vec(), None),
            (b"nama;harga".to_vec(), Some("a.csv")),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF".to_vec(), None),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR".to_vec(), None),
            (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2".to_vec(), None),
            (b"ID3\x04\x00\x00".to_vec(), None),
            (b"\xff\xfb\x90\x64".to_vec(), None),
            (b"OggS\x00\x02\x00\x00".to_vec(), None),
            (b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00".to_vec(), None),
            (b"\xff\xf1\x50\x80".to_vec(), None),
            (b"#!AMR\n".to_vec(), None),
            (b"RIFF\x24\x08\x00\x00WAVEfmt ".to_vec(), None),
        ];
        let known: std::collections::BTreeSet<&str> =
            samples.iter().map(|(bytes, name)| of(bytes, *name)).collect();
        let wanted = [types::PICTURES, types::FILMS, types::FILES, types::SOUNDS].concat();
        // The two are the same: what we call `audio/m4a` others call `audio/mp4`.
        let missing: Vec<_> =
            wanted.into_iter().filter(|it| !known.contains(it) && *it != "audio/mp4").collect();
        assert!(missing.is_empty(), "{missing:?} of {known:?}");
    }
}
