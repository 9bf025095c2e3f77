//! One writer per folder at a time.

use std::fs::File;
use std::io;
use std::path::Path;

/// A folder that no other run changes while this lives. The operating system gives it up when
/// the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix locks folders"))]
    folder: Option<File>,
}

impl Lock {
    /// Waits until no other run has the folder. A file system that knows no locks is no reason
    /// not to write: two runs then may undo each other's work, file by whole file.
    pub fn exclusive(folder: &Path) -> io::Result<Self> {
        Self::take(folder, File::lock)
    }

    /// Waits until nobody writes to the folder.
    pub fn shared(folder: &Path) -> io::Result<Self> {
        Self::take(folder, File::lock_shared)
    }

    #[cfg(unix)]
    fn take(folder: &Path, lock: fn(&File) -> io::Result<()>) -> io::Result<Self> {
        let file = File::open(folder)?;
        loop {
            match lock(&file) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(Self { folder: None }),
                Ok(()) => break,
            }
        }
        Ok(Self { folder: Some(file) })
    }

    /// Elsewhere a folder cannot be opened as a file.
    #[cfg(not(unix))]
    fn take(_: &Path, _: fn(&File) -> io::Result<()>) -> io::Result<Self> {
        Ok(Self { folder: None })
    }

    /// Whether the folder is still at its path: whoever had the lock before may have moved it.
    #[cfg(unix)]
    pub fn is_still_at(&self, path: &Path) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt as _;

        let Some(folder) = &self.folder else {
            return Ok(true);
        };
        let held = folder.metadata()?;
        match std::fs::symlink_metadata(path) {
            Ok(there) => Ok((held.dev(), held.ino()) == (there.dev(), there.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[cfg(not(unix))]
    pub fn is_still_at(&self, _: &Path) -> io::Result<bool> {
        Ok(true)
    }
}
