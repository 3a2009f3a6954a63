//! Room on the disk.

use std::{path::Path, sync::Arc};

use cetar_server::DiskHasRoom;
use nix::sys::statvfs::statvfs;

/// One MiB.
pub(crate) const MEBIBYTE: u128 = 1024 * 1024;

/// Less than this, and the write-ahead log (64 MiB at most between two checkpoints) may not fit any more. The server says that it
/// is not ready while what it is still sent can be stored.
const NEEDED: u128 = 64 * MEBIBYTE;

/// Bytes that this process may still write where `path` is.
pub(crate) fn free(path: &Path) -> nix::Result<u128> {
    let found = statvfs(path)?;
    // Wide enough for what the figures are on any system.
    Ok(u128::from(found.blocks_available()) * u128::from(found.fragment_size()))
}

/// Asks about the disk that this database file is on. What cannot be told is taken to be well: the database itself is asked too.
pub(crate) fn has_room_for(database: &Path) -> DiskHasRoom {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    Arc::new(move || free(&folder).map_or(true, |free| free >= NEEDED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_is_taken_to_be_well() {
        assert!(free(Path::new("/")).is_ok());
        assert!(has_room_for(Path::new("/nonexistent/cetar.db"))());
    }

    #[test]
    fn a_disk_without_room_is_seen() {
        // A file system that never has a free block.
        assert_eq!(free(Path::new("/proc")), Ok(0));
        assert!(!has_room_for(Path::new("/proc/cetar.db"))());
    }
}
