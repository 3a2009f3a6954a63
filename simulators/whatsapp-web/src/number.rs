//! Telephone numbers as WhatsApp writes them: digits only, with the country code.

/// The digits of a number in any usual notation.
pub(crate) fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}
