//! `to`: what each channel takes for an address.

use cetar_model::{Channel, Chat, PhoneNumber, PhoneNumberError};

use crate::input::Problem;

/// Reads `to` as this channel wants it.
pub(crate) fn recipient(channel: Channel, to: &str) -> Result<Chat, Problem> {
    if to.is_empty() {
        return Err(Problem::Empty);
    }
    match channel {
        // Meta's name for a person whose number it does not tell.
        Channel::WhatsappOfficial if is_user_id(to) => Ok(Chat::new(to)),
        Channel::Whatsapp | Channel::WhatsappOfficial => {
            PhoneNumber::parse(to).map(Chat::from).map_err(Problem::Number)
        }
        Channel::Telegram => telegram(to),
        Channel::Messenger | Channel::Instagram => {
            if to.len() <= 32 && to.bytes().all(|b| b.is_ascii_digit()) {
                Ok(Chat::new(to))
            } else {
                Err(Problem::ScopedId(channel))
            }
        }
    }
}

/// Two capital letters, a dot, up to 128 letters and digits.
fn is_user_id(to: &str) -> bool {
    let Some((country, id)) = to.split_once('.') else { return false };
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=128).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

/// A chat id (a 64-bit number, negative for groups), a phone number, or an `@username` of 4 to 32 letters, digits and `_`.
fn telegram(to: &str) -> Result<Chat, Problem> {
    if let Some(name) = to.strip_prefix('@') {
        let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let valid = begins_well && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        return if valid && (4..=32).contains(&name.len()) {
            Ok(Chat::new(to))
        } else {
            Err(Problem::TelegramRecipient)
        };
    }
    let digits = to.strip_prefix('-').unwrap_or(to);
    if to.starts_with('+') {
        return Err(Problem::Number(PhoneNumberError::Plus));
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::TelegramRecipient);
    }
    if digits.starts_with('0') {
        return Err(Problem::Number(PhoneNumberError::LeadingZero));
    }
    if to.parse::<i64>().is_err() {
        return Err(Problem::TelegramRecipient);
    }
    Ok(Chat::new(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_takes_its_own_addresses() {
        use Channel as C;
        for (channel, to, accepted) in [
            (C::Whatsapp, "6281234567890", true),
            (C::Whatsapp, "+6281234567890", false),
            (C::Whatsapp, "6281234567890@s.whatsapp.net", false),
            (C::Whatsapp, "6281234567890\n", false),
            (C::WhatsappOfficial, "081234567890", false),
            (C::WhatsappOfficial, "ID.13491208655302741918", true),
            (C::WhatsappOfficial, "id.1349", false),
            (C::Whatsapp, "ID.13491208655302741918", false),
            (C::Telegram, "123456789", true),
            (C::Telegram, "-1001234567890", true),
            (C::Telegram, "6281234567890", true),
            (C::Telegram, "@budi_santoso", true),
            (C::Telegram, "@budi", true),
            (C::Telegram, "@bud", false),
            (C::Telegram, "@1budi", false),
            (C::Telegram, "@budi santoso", false),
            (C::Telegram, "budi", false),
            (C::Telegram, "+6281234567890", false),
            (C::Telegram, "081234567890", false),
            (C::Telegram, "-", false),
            (C::Telegram, "99999999999999999999", false),
            (C::Messenger, "24567890123456789", true),
            (C::Messenger, "page-1", false),
            (C::Instagram, "17841400000000001", true),
            (C::Instagram, "@budi", false),
            (C::Instagram, "", false),
        ] {
            assert_eq!(recipient(channel, to).is_ok(), accepted, "{channel} {to:?}");
        }
    }
}
