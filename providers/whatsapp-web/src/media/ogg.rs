//! How long a voice note lasts, from its container (Ogg, RFC 3533; Opus in it, RFC 7845) as it streams by. No sound is decoded.

/// What a page begins with, up to and with its position: the pattern, version, flags, position.
const HEAD: usize = 14;
/// Of the first packet so much is needed: its name, version, channels, samples to be left out.
const FIRST: usize = 12;
/// A page's head is 27 bytes and its table of segments at most 255: in so many bytes stands what the first page says.
const BEGINNING: usize = 27 + 255 + FIRST;
/// Positions of Opus count in this rate, whatever it was recorded in.
const RATE: u64 = 48_000;
/// The position of a page on which no packet ends.
const NONE: u64 = u64::MAX;

/// Reads a sound as it comes, in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    beginning: Vec<u8>,
    /// The last bytes of what came, in which the head of a page may have begun.
    held: Vec<u8>,
    /// The position of the last page on which a packet ends.
    position: Option<u64>,
}

impl Watcher {
    /// The next piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let wanted = BEGINNING.saturating_sub(self.beginning.len()).min(piece.len());
        self.beginning.extend_from_slice(&piece[..wanted]);
        // What is no Ogg is not searched.
        if !b"OggS".starts_with(&self.beginning[..self.beginning.len().min(4)]) {
            return;
        }
        self.held.extend_from_slice(piece);
        for head in self.held.windows(HEAD).filter(|head| head.starts_with(b"OggS\0")) {
            let position = head[6..].try_into().map_or(NONE, u64::from_le_bytes);
            if position != NONE {
                self.position = Some(position);
            }
        }
        let seen = self.held.len().saturating_sub(HEAD - 1);
        self.held.drain(..seen);
    }

    /// Whole seconds, at least one; `None` of what is no Opus in Ogg.
    pub(crate) fn seconds(&self) -> Option<u32> {
        let segments = usize::from(*self.beginning.get(26)?);
        let first = self.beginning.get(27 + segments..)?.get(..FIRST)?;
        let left_out = first.starts_with(b"OpusHead").then(|| u16::from_le_bytes([first[10], first[11]]))?;
        let samples = self.position?.checked_sub(left_out.into()).filter(|samples| *samples > 0)?;
        u32::try_from(samples.div_ceil(RATE)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(position: u64, packet: &[u8]) -> Vec<u8> {
        let mut page = b"OggS\0\0".to_vec();
        page.extend(position.to_le_bytes());
        // Serial number, sequence and checksum, which nobody looks at here.
        page.extend([0; 12]);
        page.push(1);
        page.push(u8::try_from(packet.len()).unwrap());
        page.extend(packet);
        page
    }

    fn note(positions: &[u64]) -> Vec<u8> {
        let mut head = b"OpusHead\x01\x01".to_vec();
        head.extend(312_u16.to_le_bytes());
        head.extend([0x80, 0xbb, 0, 0, 0, 0, 0]);
        let mut bytes = page(0, &head);
        bytes.extend(page(0, b"OpusTags"));
        for position in positions {
            bytes.extend(page(*position, &[7; 200]));
        }
        bytes
    }

    fn seconds(bytes: &[u8], piece: usize) -> Option<u32> {
        let mut watcher = Watcher::default();
        bytes.chunks(piece).for_each(|piece| watcher.feed(piece));
        watcher.seconds()
    }

    #[test]
    fn a_voice_note_says_how_long_it_lasts_in_whatever_pieces_it_comes() {
        let three = note(&[48_312, 3 * 48_000 + 312]);
        for piece in [1, 13, 14, 100, three.len()] {
            assert_eq!(seconds(&three, piece), Some(3), "{piece}");
        }
        assert_eq!(seconds(&note(&[400]), 64), Some(1), "a word is a second");
        assert_eq!(seconds(&note(&[3 * 48_000 + 313, NONE]), 64), Some(4), "where a packet ends");
    }

    #[test]
    fn of_what_is_no_opus_in_ogg_nothing_is_known() {
        for bytes in [&b"OggS suara"[..], b"ID3\x04", b"", &page(5, b"\x01vorbis.....")] {
            assert_eq!(seconds(bytes, 5), None);
        }
        assert_eq!(seconds(&note(&[]), 7), None);
    }

    #[test]
    fn little_is_kept_of_what_streams_by() {
        let mut watcher = Watcher::default();
        for bytes in [note(&[48_312]), vec![7; 100_000], b"RIFF".to_vec()] {
            watcher.feed(&bytes);
            assert!(watcher.beginning.len() <= BEGINNING && watcher.held.len() < HEAD);
        }
    }
}
