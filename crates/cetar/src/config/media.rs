//! `[media]`

use super::section::section;

section! {
    /// Pictures, films and documents. They come with a later version; the keys are kept for them.
    pub(crate) struct Media in "media" {
        /// Where they are kept: a folder, or `s3://BUCKET/PREFIX`. Not set: the folder `media` of the data directory.
        store: Option<String> = None, "a folder or an s3:// address";
        /// The largest one taken, in bytes.
        max_bytes: u64 = 100 * 1024 * 1024, "a whole number of bytes, as in 104857600";
    }
}
