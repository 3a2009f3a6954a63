//! Simulated people: what each does is told by the end of their address.

/// What becomes of a message to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    /// Gets it, and nothing more.
    Receives,
    /// Gets it and opens it.
    Reads,
    /// Has no account.
    NotRegistered,
    /// The network refuses messages to them.
    Refused,
    /// The network asks to slow down twice before it takes one.
    SlowedDown,
    /// The connection breaks between writing and the acknowledgement.
    CutOff,
    /// The device goes down for a while when it is to write to them.
    DropsDevice,
    /// Gets it and answers with the same.
    Answers,
    /// Gets it and presses the first quick-reply button.
    PressesButton,
    /// The network never says a word about messages to them.
    NeverAcknowledged,
    /// Has not written for more than 24 hours.
    OutsideWindow,
}

impl Person {
    /// Who is at this address; it may be of any length and form.
    pub(crate) fn at(address: &str) -> Self {
        let suffix = address.len().checked_sub(4).and_then(|start| address.get(start..));
        match suffix {
            Some("0001") => Self::Reads,
            Some("0002") => Self::NotRegistered,
            Some("0003") => Self::Refused,
            Some("0004") => Self::SlowedDown,
            Some("0005") => Self::CutOff,
            Some("0006") => Self::DropsDevice,
            Some("0007") => Self::Answers,
            Some("0008") => Self::PressesButton,
            Some("0009") => Self::NeverAcknowledged,
            Some("0010") => Self::OutsideWindow,
            Some(_) | None => Self::Receives,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_address_decides_whatever_its_form() {
        for (address, person) in [
            ("6281200000001", Person::Reads),
            ("0001", Person::Reads),
            ("@budi0002", Person::NotRegistered),
            ("-100123450003", Person::Refused),
            ("62812000010010", Person::OutsideWindow),
            ("6281234567890", Person::Receives),
            ("007", Person::Receives),
            ("", Person::Receives),
            // Cutting four bytes off the end would split the first character.
            ("\u{1f600}001", Person::Receives),
        ] {
            assert_eq!(Person::at(address), person, "{address}");
        }
    }
}
