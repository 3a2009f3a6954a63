//! `[whatsapp_web]`

use super::{form::WebsocketUrl, section::section};

section! {
    /// WhatsApp by a linked device.
    pub(crate) struct WhatsappWeb in "whatsapp_web" {
        /// Another server to connect to than WhatsApp's own. Only a build with the feature `simulated` accepts one.
        url: Option<WebsocketUrl> = None, "a ws or wss URL, as in \"ws://127.0.0.1:9000/ws/chat\"";
    }
}
