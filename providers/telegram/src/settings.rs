//! What `device add` is given for a bot.

use std::collections::BTreeMap;

use cetar_provider::SettingsError;

/// A bot's settings, looked at.
#[derive(Clone)]
pub(crate) struct BotSettings {
    /// What `@BotFather` gave: the bot's id, a colon, 35 characters.
    pub(crate) token: String,
    /// Whether `/start` is answered with a button that shares the person's number (`ask_number`: `on`, which is left out, or `off`).
    pub(crate) ask_number: bool,
    /// Whether Telegram pushes updates to us (`updates`: `webhook`) or is asked for them (`polling`, which is left out).
    pub(crate) webhook: bool,
}

fn wrong(field: &str, problem: &str) -> SettingsError {
    SettingsError { field: field.to_owned(), problem: problem.to_owned() }
}

/// Telegram cannot push to an address we do not know.
pub(crate) fn no_public_url() -> SettingsError {
    wrong(
        "updates",
        "webhook needs public_url in the configuration: the https address Telegram reaches this server by",
    )
}

/// Telegram does not take the token.
pub(crate) fn token_unknown() -> SettingsError {
    wrong(
        "token",
        "Telegram does not know this token: copy it again from @BotFather, or make a new one there with /revoke",
    )
}

impl BotSettings {
    pub(crate) fn read(settings: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        if let Some(name) =
            settings.keys().find(|name| !matches!(name.as_str(), "token" | "ask_number" | "updates"))
        {
            return Err(wrong(name, "not a setting of Telegram, which has token, ask_number and updates"));
        }
        let token = settings.get("token").map(|token| token.trim()).unwrap_or_default();
        if token.is_empty() {
            return Err(wrong("token", "is missing: the bot's token, as @BotFather gives it"));
        }
        if !is_token(token) {
            let problem =
                "is not of the form that @BotFather gives: digits, a colon, 35 letters, digits, _ or -";
            return Err(wrong("token", problem));
        }
        let ask_number = match settings.get("ask_number").map(String::as_str) {
            None | Some("on") => true,
            Some("off") => false,
            Some(_) => return Err(wrong("ask_number", "is on or off")),
        };
        let webhook = match settings.get("updates").map(String::as_str) {
            None | Some("polling") => false,
            Some("webhook") => true,
            Some(_) => return Err(wrong("updates", "is polling or webhook")),
        };
        Ok(Self { token: token.to_owned(), ask_number, webhook })
    }
}

/// Lenient on the length of the second part, which Telegram does not promise.
fn is_token(token: &str) -> bool {
    let Some((id, secret)) = token.split_once(':') else { return false };
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=20).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_digit())
        && (20..=80).contains(&secret.len())
        && secret.bytes().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<bool, String> {
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        BotSettings::read(&settings).map(|read| read.ask_number).map_err(|error| error.field)
    }

    #[test]
    fn a_token_has_its_form_and_a_slip_of_the_pen_is_named() {
        let token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
        assert_eq!(read(&[("token", token)]), Ok(true));
        assert_eq!(read(&[("token", token), ("ask_number", "off")]), Ok(false));
        assert_eq!(read(&[("token", token), ("ask_number", "no")]), Err("ask_number".to_owned()));
        assert_eq!(read(&[("tokn", token)]), Err("tokn".to_owned()));
        for wrong in [
            "",
            "110201543",
            "110201543:short",
            "x:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0",
            "1:AAHdqTcvCH1vGWJxfSeofSAs0K5PA/../x",
        ] {
            assert_eq!(read(&[("token", wrong)]), Err("token".to_owned()), "{wrong}");
        }
    }
}
