//! The measures of a film, from its container (ISO/IEC 14496-12) as it streams by. No frame is decoded.

/// Boxes around the tracks hold tables for every frame; what is larger than this is no film a phone would play.
const LARGEST_INDEX: u64 = 16 * 1024 * 1024;

/// What a film's container says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Film {
    /// Pixels, as it is shown.
    pub(crate) size: Option<(u32, u32)>,
    /// Whole seconds, at least one.
    pub(crate) seconds: Option<u32>,
}

/// Reads a film as it comes, in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    /// The head of a box, or the whole of the one that is kept.
    held: Vec<u8>,
    /// Bytes of a box that says nothing of interest, still to come.
    skip: u64,
    /// The length of the box that is kept, once its head was read.
    keep: Option<usize>,
    film: Film,
    done: bool,
}

impl Watcher {
    /// The next piece.
    pub(crate) fn feed(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() && !self.done {
            if self.skip > 0 {
                let passed = self.skip.min(piece.len() as u64);
                self.skip -= passed;
                piece = &piece[usize::try_from(passed).unwrap_or(piece.len())..];
                continue;
            }
            // A head is at most 16 bytes; eight of them tell.
            let wanted = self.keep.unwrap_or(if self.held.len() < 8 { 8 } else { 16 });
            let (taken, rest) = piece.split_at(piece.len().min(wanted - self.held.len()));
            self.held.extend_from_slice(taken);
            piece = rest;
            if self.held.len() == wanted {
                self.have();
            }
        }
    }

    /// What was found.
    pub(crate) fn film(&self) -> Film {
        self.film
    }

    fn have(&mut self) {
        if self.keep.take().is_some() {
            self.film = film(&self.held);
            self.done = true;
            return;
        }
        let Some(head) = Head::of(&self.held) else {
            // A long length: the other half of the head.
            self.done = self.held.len() == 16;
            return;
        };
        let Some(body) = head.length.and_then(|length| length.checked_sub(self.held.len() as u64)) else {
            // To the end of the file, or nonsense: nothing follows.
            self.done = true;
            return;
        };
        self.held.clear();
        if head.name != *b"moov" {
            self.skip = body;
        } else if let Some(body) =
            usize::try_from(body).ok().filter(|body| *body as u64 <= LARGEST_INDEX && *body > 0)
        {
            self.keep = Some(body);
        } else {
            self.done = true;
        }
    }
}

struct Head {
    name: [u8; 4],
    /// The whole box, its head included; `None` to the end.
    length: Option<u64>,
    /// Of the head itself.
    own: usize,
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

/// The boxes directly within one.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let head = Head::of(bytes)?;
        let length = head.length.map_or(Some(bytes.len()), |length| usize::try_from(length).ok())?;
        let (this, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        Some((head.name, this.get(head.own..)?))
    })
}

fn within<'b>(bytes: &'b [u8], name: &[u8; 4]) -> impl Iterator<Item = &'b [u8]> {
    let name = *name;
    boxes(bytes).filter(move |(it, _)| *it == name).map(|(_, body)| body)
}

fn film(moov: &[u8]) -> Film {
    // A sound track has no measures.
    let sizes = within(moov, b"trak").filter_map(|track| within(track, b"tkhd").next().and_then(shown));
    Film { size: sizes.max(), seconds: within(moov, b"mvhd").next().and_then(seconds) }
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
