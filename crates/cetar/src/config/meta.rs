//! `[meta]`

use url::Url;

use super::section::section;

section! {
    /// WhatsApp's official Cloud API, Messenger and Instagram.
    pub(crate) struct Meta in "meta" {
        /// Where the Graph API is, if not at Meta.
        graph_url: Option<Url> = None, "a URL, as in \"https://graph.facebook.com\"";
        /// The Graph API's version to speak.
        graph_version: Option<String> = None, "a text, as in \"v25.0\"";
        /// Where Instagram's own API is, if not at Meta.
        instagram_url: Option<Url> = None, "a URL, as in \"https://graph.instagram.com\"";
    }
}
