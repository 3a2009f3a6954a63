//! The networks, by the words the API uses.

/// A word that is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a known value")]
pub struct UnknownWord(pub String);

/// Gives a fieldless enum its words: `as_str`, `FromStr`, `Display`, serde and `ALL`, from one list.
macro_rules! words {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word used in the API and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(text: &str) -> Result<Self, $crate::UnknownWord> {
                match text { $($word => Ok(Self::$variant),)* _ => Err($crate::UnknownWord(text.chars().take(80).collect())) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// A network an account can be linked on.
    pub enum Channel {
        /// WhatsApp through a linked device (unofficial).
        Whatsapp = "whatsapp",
        /// WhatsApp through Meta's Cloud API.
        WhatsappOfficial = "whatsapp-official",
        /// Telegram, by a bot.
        Telegram = "telegram",
        /// Facebook Messenger, by a page.
        Messenger = "messenger",
        /// Instagram, by a professional account.
        Instagram = "instagram",
    }
}
