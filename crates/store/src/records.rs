//! What goes in and comes out: plain records in the product's words.

mod accounts;
mod arriving;
mod content;
mod inbox;
mod people;
mod replies;
mod sending;
mod stream;
mod webhooks;

pub use accounts::*;
pub use arriving::*;
pub use content::*;
pub use inbox::*;
pub use people::*;
pub use replies::*;
pub use sending::*;
pub use stream::*;
pub use webhooks::*;
