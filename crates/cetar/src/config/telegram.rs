//! `[telegram]`

use url::Url;

use super::section::section;

section! {
    /// Telegram by a bot.
    pub(crate) struct Telegram in "telegram" {
        /// Where the Bot API is, if not at Telegram: a Bot API server of one's own. One at a private address is called only if that is in
        /// `egress.allow`.
        api_url: Option<Url> = None, "a URL, as in \"https://api.telegram.org\"";
    }
}
