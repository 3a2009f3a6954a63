//! What Meta cannot carry in one piece goes out in several: which of them something is about. Each carries it to Meta, which gives it
//! back with every status (`WhatsApp`) or in the echo (Messenger).

use cetar_model::{MessageId, OfPart};

/// Where a session notes the parts of a message that are out already, by its id.
pub(crate) const PARTS: &str = "parts";

/// A part of a message, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    number: usize,
    of: usize,
}

impl Part {
    /// A message in one piece.
    pub(crate) const WHOLE: Self = Self { number: 1, of: 1 };

    pub(crate) const fn new(number: usize, of: usize) -> Self {
        Self { number, of }
    }

    /// The one by whose id Meta's word is the message's.
    pub(crate) fn is_first(self) -> bool {
        self.number == 1
    }

    /// They go out in order: what becomes of the last one becomes of the message, unless one of them was refused.
    pub(crate) fn is_last(self) -> bool {
        self.number >= self.of
    }

    /// Where it is one of several: it, by Meta's id of it.
    pub(crate) fn of_several(self, remote_id: &str) -> Option<OfPart> {
        (self != Self::WHOLE).then(|| OfPart { remote_id: remote_id.to_owned(), noted_in: PARTS })
    }

    /// As Meta carries it: `msg_…`, or `msg_…/1-2`.
    pub(crate) fn name(self, message: &MessageId) -> String {
        let Self { number, of } = self;
        if of == 1 { message.to_string() } else { format!("{message}/{number}-{of}") }
    }

    /// Which message of ours, and which part of it. Of another system behind the same number, nothing. `msg_…/2` is how the last of
    /// two was called before.
    pub(crate) fn read(name: &str) -> (Option<MessageId>, Self) {
        let (id, part) = name.split_once('/').unwrap_or((name, "1"));
        let (number, of) = part.split_once('-').unwrap_or((part, part));
        let part = number.parse::<usize>().ok().zip(of.parse::<usize>().ok());
        let part = part.filter(|(number, of)| (1..=*of).contains(number));
        (id.parse().ok(), part.map_or(Self::WHOLE, |(number, of)| Self { number, of }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_a_strange_one_is_of_a_whole() {
        let id: MessageId = "msg_0199c3a0b6f47c3e9d3a5b1c2d3e4f50".parse().unwrap();
        for part in [Part::WHOLE, Part::new(1, 2), Part::new(2, 2), Part::new(2, 3)] {
            assert_eq!(Part::read(&part.name(&id)), (Some(id.clone()), part));
        }
        let former = Part::read(&format!("{id}/2"));
        assert!(former.0 == Some(id) && former.1.is_last() && !former.1.is_first());
        for strange in ["", "x", "x/", "x/0", "x/3-2", "x/1-", "x/-1-2"] {
            assert_eq!(Part::read(strange), (None, Part::WHOLE), "{strange}");
        }
    }
}
