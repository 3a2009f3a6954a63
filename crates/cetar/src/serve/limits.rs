//! What the system allows this process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the number of files and sockets that may be open to what the system allows at most: the usual 1024 is from another time.
pub(super) fn raise_open_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard { setrlimit(Resource::RLIMIT_NOFILE, hard, hard) } else { Ok(()) }
    });
    if let Err(error) = raised {
        tracing::debug!(%error, "the number of open files stays as it is");
    }
}
