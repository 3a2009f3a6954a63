//! `[telegram]`

use url::Url;

use super::section::section;

section! {
    /// Telegram by a bot. This channel comes with a later version; the key is kept for it.
    pub(crate) struct Telegram in "telegram" {
        /// Where the Bot API is, if not at Telegram: a Bot API server of one's own.
        api_url: Option<Url> = None, "a URL, as in \"https://api.telegram.org\"";
    }
}
