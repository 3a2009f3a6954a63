//! `[media]`

use super::section::section;

section! {
    /// Pictures, films, sounds and files: those fetched for sends, and those that came in.
    pub(crate) struct Media in "media" {
        /// The folder they are kept in. Not set: the folder `media` of the data directory. (`s3://BUCKET/PREFIX` is for a later version.)
        store: Option<String> = None, "a folder";
        /// The largest one taken, in bytes. A channel may take less.
        max_bytes: u64 = 100 * 1024 * 1024, "a whole number of bytes, as in 104857600";
    }
}
