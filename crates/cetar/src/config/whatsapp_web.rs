//! `[whatsapp_web]`

use url::Url;

use super::section::section;

section! {
    /// WhatsApp by a linked device.
    pub(crate) struct WhatsappWeb in "whatsapp_web" {
        /// Another server to connect to than WhatsApp's own. Only a build with the feature `simulated` accepts one.
        url: Option<Url> = None, "a websocket URL, as in \"ws://127.0.0.1:9000/ws/chat\"";
    }
}
