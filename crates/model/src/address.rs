//! Where a message goes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A phone number as the API takes it: 7 to 15 digits with the country code, no `+`, no leading zero. No numbering plan is consulted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(Box<str>);

/// Why a text is not a phone number; each has its own hint for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// Nothing there.
    #[error("a phone number is empty")]
    Empty,
    /// `+62812…`
    #[error("a phone number has no plus sign")]
    Plus,
    /// `0812…`: the national form.
    #[error("a phone number begins with its country code, not with 0")]
    LeadingZero,
    /// Blanks, dashes, letters, digits of another script.
    #[error("a phone number has digits only")]
    NotDigits,
    /// Fewer than 7 or more than 15 digits (ITU-T E.164).
    #[error("a phone number has 7 to 15 digits")]
    Length,
}

impl PhoneNumber {
    /// Reads a number in the one form the contract allows.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        match text.as_bytes() {
            [] => Err(PhoneNumberError::Empty),
            [b'+', ..] => Err(PhoneNumberError::Plus),
            digits if !digits.iter().all(u8::is_ascii_digit) => Err(PhoneNumberError::NotDigits),
            [b'0', ..] => Err(PhoneNumberError::LeadingZero),
            digits if !(7..=15).contains(&digits.len()) => Err(PhoneNumberError::Length),
            _ => Ok(Self(text.into())),
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = PhoneNumberError;
    fn try_from(text: String) -> Result<Self, PhoneNumberError> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0.into()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number is a person: debug output, which may reach a log, shows its ends only.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = &*self.0;
        write!(f, "{}…{}", &digits[..3], &digits[digits.len() - 2..])
    }
}

/// Who is at the other end of a chat on some channel, in the form the API shows: a phone number, a chat id,
/// a group id, a page-scoped id. Together with the device it names a conversation and a lane.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Chat(Box<str>);

impl Chat {
    /// Wraps an address that a provider or a validated request supplied.
    pub fn new(address: impl Into<Box<str>>) -> Self {
        Self(address.into())
    }

    /// The address as the API shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<PhoneNumber> for Chat {
    fn from(number: PhoneNumber) -> Self {
        Self(number.0)
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Like a phone number, not for logs.
impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chat(…)")
    }
}

/// Somebody has another address from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The network's id of this news; unique within the account.
    pub remote_id: String,
    /// The addresses they had.
    pub from: Vec<Chat>,
    /// The one they have.
    pub to: Chat,
    /// It is an alias, whose number is not known.
    pub to_alias: bool,
    /// By which other address the network may speak of them from now on.
    pub alias: Option<Chat>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_contracts_form_is_a_number() {
        for (text, expected) in [
            ("6281234567890", Ok(())),
            ("1234567", Ok(())),
            ("123456789012345", Ok(())),
            ("", Err(PhoneNumberError::Empty)),
            ("+6281234567890", Err(PhoneNumberError::Plus)),
            ("081234567890", Err(PhoneNumberError::LeadingZero)),
            ("62 812 3456", Err(PhoneNumberError::NotDigits)),
            ("62-812-3456", Err(PhoneNumberError::NotDigits)),
            ("budi", Err(PhoneNumberError::NotDigits)),
            ("٦٢٨١٢٣٤٥٦٧", Err(PhoneNumberError::NotDigits)),
            ("123456", Err(PhoneNumberError::Length)),
            ("1234567890123456", Err(PhoneNumberError::Length)),
        ] {
            assert_eq!(PhoneNumber::parse(text).map(drop), expected, "{text}");
        }
    }

    #[test]
    fn a_number_in_debug_output_is_not_readable() {
        assert_eq!(format!("{:?}", PhoneNumber::parse("6281234567890").unwrap()), "628…90");
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keeps_what_it_accepts(text in "\\PC{0,20}") {
            if let Ok(number) = PhoneNumber::parse(&text) {
                prop_assert_eq!(number.as_str(), text);
                let _ = format!("{number:?}");
            }
        }
    }
}
