//! `[media]`

use super::section::section;

section! {
    /// Pictures, films, sounds and files: those fetched for sends, and those that came in.
    pub(crate) struct Media in "media" {
        /// Where they are kept: a folder, or `s3://BUCKET/PREFIX`. Not set: the folder `media` of the data directory. For a bucket the
        /// environment names the rest, as for every S3 tool: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, and
        /// `AWS_ENDPOINT_URL` for a store that is not Amazon's (in a private network, `egress.allow` has to name it).
        store: Option<String> = None, "a folder, or s3://BUCKET/PREFIX";
        /// The largest one taken, in bytes. A channel may take less.
        max_bytes: u64 = 100 * 1024 * 1024, "a whole number of bytes, as in 104857600";
    }
}
