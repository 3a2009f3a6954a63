//! WhatsApp by a linked device. The only crate that names whatsapp-rust.
