//! How a section states its keys: once.

use super::form::Form;

/// A group of keys.
#[derive(Debug)]
pub(crate) struct Section {
    /// The table's name in `cetar.toml`; empty for the keys that stand alone.
    pub name: &'static str,
    /// What it is about, a line each.
    pub docs: &'static [&'static str],
    /// Its keys.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name inside the section.
    pub name: &'static str,
    /// The form its value has, in words that follow "must be".
    pub wanted: &'static str,
    /// How its value is read from an environment variable.
    pub form: Form,
    /// What it does, a line each.
    pub docs: &'static [&'static str],
    /// The default, as it would be written; `None` where there is none.
    pub default: fn() -> Option<String>,
}

impl Section {
    /// The key of this name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The key's full name, as in `log.level`.
    pub(crate) fn path(&self, key: &Key) -> String {
        if self.name.is_empty() { key.name.to_owned() } else { format!("{}.{}", self.name, key.name) }
    }

    /// The key's environment variable, as in `CETAR_LOG__LEVEL`.
    pub(crate) fn variable(&self, key: &Key) -> String {
        format!("{}{}", super::env::PREFIX, self.path(key).replace('.', "__").to_uppercase())
    }
}

/// Writes a section's struct, its defaults and its [`Section`] from one statement. The documentation comments go into the
/// reference as they are.
macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        pub(crate) struct $name:ident in $section:literal {
            $(
                $(#[doc = $field_doc:literal])*
                $field:ident: $type:ty = $default:expr, $wanted:literal;
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(default)]
        pub(crate) struct $name {
            $($(#[doc = $field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $name {
            /// Its keys, for checking and for the reference.
            pub(crate) const SECTION: $crate::config::Section = $crate::config::Section {
                name: $section,
                docs: &[$($doc,)*],
                keys: &[$($crate::config::Key {
                    name: stringify!($field),
                    wanted: $wanted,
                    form: <$type as $crate::config::form::Setting>::FORM,
                    docs: &[$($field_doc,)*],
                    default: || $crate::config::form::Setting::shown(&Self::default().$field),
                },)*],
            };
        }
    };
}
pub(super) use section;
