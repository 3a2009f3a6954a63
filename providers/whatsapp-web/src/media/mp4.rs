//! The measures of a film, from its container (ISO/IEC 14496-12) as it streams by. No frame is decoded.

/// Of the boxes that are read none is longer, in bytes: the measures of a film and of a track are 112 and 96.
const LARGEST_KEPT: u64 = 256;

/// What a film's container says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Film {
    /// Pixels, as it is shown.
    pub(crate) size: Option<(u32, u32)>,
    /// Whole seconds, at least one.
    pub(crate) seconds: Option<u32>,
}

/// Reads a film as it comes, in pieces of any size. The index may have tables for every frame of hours: of it, too, only the few bytes
/// are held that say something.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    /// The head of a box, or a box that is read.
    held: Vec<u8>,
    /// Bytes of a box that says nothing of interest, still to come.
    skip: u64,
    /// The box that is read once all of it is held, and its length without its head.
    keep: Option<([u8; 4], usize)>,
    /// The boxes around: the index, a track in it; how much of each is still to come.
    around: Vec<u64>,
    /// What the index has said so far.
    said: Film,
    film: Film,
    done: bool,
}

impl Watcher {
    /// The next piece.
    pub(crate) fn feed(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() && !self.done {
            // A head is at most 16 bytes; eight of them tell.
            let head = if self.held.len() < 8 { 8 } else { 16 };
            let wanted = self.keep.map_or(head, |(_, length)| length);
            let passed = if self.skip > 0 {
                let passed = usize::try_from(self.skip).map_or(piece.len(), |skip| skip.min(piece.len()));
                self.skip -= passed as u64;
                passed
            } else {
                let taken = piece.len().min(wanted - self.held.len());
                self.held.extend_from_slice(&piece[..taken]);
                taken
            };
            piece = &piece[passed..];
            for left in &mut self.around {
                *left = left.saturating_sub(passed as u64);
            }
            if self.held.len() == wanted {
                self.have();
            }
            self.leave();
        }
    }

    /// What was found.
    pub(crate) fn film(&self) -> Film {
        self.film
    }

    fn have(&mut self) {
        if let Some((name, _)) = self.keep.take() {
            match &name {
                b"mvhd" => self.said.seconds = self.said.seconds.or_else(|| seconds(&self.held)),
                // A sound track has no measures.
                _ => self.said.size = self.said.size.max(shown(&self.held)),
            }
            self.held.clear();
            return;
        }
        let around = self.around.last().copied();
        let Some(head) = Head::of(&self.held) else {
            // A long length: the other half of the head, where there is room for it.
            if around.is_some_and(|left| left < 8) {
                self.held.clear();
            }
            return;
        };
        self.held.clear();
        let room = around.unwrap_or(u64::MAX);
        let body = match head.length {
            // To the end of what is around it; nothing follows the last box of a file.
            None => around,
            Some(length) => length.checked_sub(head.own).filter(|body| *body <= room),
        };
        let Some(body) = body else {
            // Nonsense: nothing more is read of what is around it.
            match around {
                Some(left) => self.skip = left,
                None => self.done = true,
            }
            return;
        };
        match (self.around.len(), &head.name) {
            (0, b"moov") | (1, b"trak") => self.around.push(body),
            (1, b"mvhd") | (2, b"tkhd") if (1..=LARGEST_KEPT).contains(&body) => {
                self.keep = usize::try_from(body).ok().map(|length| (head.name, length));
            }
            _ => self.skip = body,
        }
    }

    /// Leaves what has come to its end; with the index all is said.
    fn leave(&mut self) {
        while self.around.last() == Some(&0) {
            self.around.pop();
            if self.around.is_empty() {
                self.film = self.said;
                self.done = true;
            }
        }
        // What is left of a box and is none.
        if let Some(left) =
            self.around.last().filter(|left| **left < 8 && self.held.is_empty() && self.keep.is_none())
        {
            self.skip = *left;
        }
    }
}

struct Head {
    name: [u8; 4],
    /// The whole box, its head included; `None` to the end.
    length: Option<u64>,
    /// Of the head itself.
    own: u64,
}

impl Head {
    /// `None` if more bytes are needed.
    fn of(bytes: &[u8]) -> Option<Self> {
        let name = bytes.get(4..8)?.try_into().ok()?;
        match u32_at(bytes, 0)? {
            0 => Some(Self { name, length: None, own: 8 }),
            1 => {
                let long = bytes.get(8..16)?.try_into().ok().map(u64::from_be_bytes)?;
                Some(Self { name, length: Some(long), own: 16 })
            }
            length => Some(Self { name, length: Some(length.into()), own: 8 }),
        }
    }
}

/// The measures of a track as it is shown: turned by its matrix, if it is one by a quarter.
fn shown(tkhd: &[u8]) -> Option<(u32, u32)> {
    let matrix = if *tkhd.first()? == 1 { 52 } else { 40 };
    // Both are in 16.16 fixed point, and follow the matrix of nine numbers.
    let (width, height) = (u32_at(tkhd, matrix + 36)? >> 16, u32_at(tkhd, matrix + 40)? >> 16);
    if width == 0 || height == 0 {
        return None;
    }
    let turned = u32_at(tkhd, matrix)? == 0 && u32_at(tkhd, matrix + 4)? != 0;
    Some(if turned { (height, width) } else { (width, height) })
}

fn seconds(mvhd: &[u8]) -> Option<u32> {
    let (scale, length) = if *mvhd.first()? == 1 {
        (u32_at(mvhd, 20)?, mvhd.get(24..32)?.try_into().ok().map(u64::from_be_bytes)?)
    } else {
        (u32_at(mvhd, 12)?, u32_at(mvhd, 16)?.into())
    };
    let seconds = length.checked_div(scale.into())?;
    u32::try_from(seconds).ok().filter(|_| length > 0).map(|seconds| seconds.max(1))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: [u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
        [&length, name.as_slice(), body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn track(width: u32, height: u32, turned: bool) -> Vec<u8> {
        let mut head = words(&[0; 10]);
        head.extend(words(if turned { &[0, 0x1_0000, 0] } else { &[0x1_0000, 0, 0] }));
        head.extend(words(&[0; 6]));
        head.extend(words(&[width << 16, height << 16]));
        boxed(*b"trak", &boxed(*b"tkhd", &head))
    }

    fn moov(tracks: &[Vec<u8>]) -> Vec<u8> {
        let head = boxed(*b"mvhd", &words(&[0, 0, 0, 1000, 12_600]));
        boxed(*b"moov", &[head, tracks.concat()].concat())
    }

    fn watch(film: &[u8], piece: usize) -> Film {
        let mut watcher = Watcher::default();
        film.chunks(piece).for_each(|piece| watcher.feed(piece));
        watcher.film()
    }

    #[test]
    fn a_film_is_measured_wherever_its_index_stands_and_however_it_comes() {
        let start = boxed(*b"ftyp", b"isom");
        let data = boxed(*b"mdat", &[7; 1000]);
        let long = [&words(&[1]), b"mdat".as_slice(), &1016u64.to_be_bytes(), &[7; 1000]].concat();
        let index = moov(&[track(0, 0, false), track(1280, 720, false)]);
        let expected = Film { size: Some((1280, 720)), seconds: Some(12) };
        for film in [
            [start.clone(), index.clone(), data.clone()].concat(),
            [start.clone(), data, index.clone()].concat(),
            [start, long, index].concat(),
        ] {
            for piece in [1, 7, 64, 10_000] {
                assert_eq!(watch(&film, piece), expected, "in pieces of {piece}");
            }
        }
    }

    #[test]
    fn however_long_its_index_little_of_it_is_held() {
        // Of hours: half a million frames in each track.
        let table = boxed(*b"mdia", &vec![0xff; 20 * 1024 * 1024]);
        let long = |mut track: Vec<u8>| {
            track.extend(&table);
            boxed(*b"trak", &track[8..])
        };
        let film = moov(&[long(track(0, 0, false)), long(track(1280, 720, false))]);
        let mut watcher = Watcher::default();
        for piece in film.chunks(64 * 1024) {
            watcher.feed(piece);
            assert!(watcher.held.capacity() <= 1024, "{}", watcher.held.capacity());
        }
        assert_eq!(watcher.film(), Film { size: Some((1280, 720)), seconds: Some(12) });
    }

    #[test]
    fn what_is_no_box_within_one_ends_that_one_only() {
        let broken = |tail: &[u8]| {
            let whole = track(640, 480, false);
            boxed(*b"trak", &[&whole[8..], tail].concat())
        };
        let too_long = words(&[9_999, u32::from_be_bytes(*b"mdia")]);
        let half_a_head = [words(&[1]), b"mdia".to_vec()].concat();
        let to_the_end = [words(&[0]), b"mdia".to_vec(), vec![7; 30]].concat();
        for tail in [vec![0; 3], too_long, half_a_head, to_the_end] {
            let film = moov(&[broken(&tail), track(1280, 720, false)]);
            for piece in [1, 5, 10_000] {
                assert_eq!(watch(&film, piece).size, Some((1280, 720)), "{tail:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_film_held_upright_is_measured_upright() {
        let film = moov(&[track(1920, 1080, true)]);
        assert_eq!(watch(&film, 100).size, Some((1080, 1920)));
    }

    #[test]
    fn nonsense_is_no_film_and_ends() {
        let huge = [words(&[u32::MAX]), b"moov".to_vec(), vec![0; 100]].concat();
        let short = [words(&[3]), b"moov".to_vec(), vec![0; 100]].concat();
        let mut cut = moov(&[track(1280, 720, false)]);
        cut.truncate(60);
        let inner = boxed(*b"moov", &[words(&[500]), b"trak".to_vec()].concat());
        for bytes in [b"".to_vec(), b"%PDF-1.7 no film".to_vec(), huge, short, cut, inner] {
            assert_eq!(watch(&bytes, 9), Film::default());
        }
    }
}
