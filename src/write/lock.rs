//! One writer per folder at a time.

use std::fs::File;
use std::io;
use std::path::Path;

/// A folder that no other run changes while this lives. The operating system gives it up when
/// the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    #[expect(dead_code, reason = "the open folder is what holds the lock")]
    folder: Option<File>,
}

impl Lock {
    /// Waits until no other run has the folder. A file system that knows no locks is no reason
    /// not to write: two runs then may undo each other's work, file by whole file.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub fn exclusive(folder: &Path) -> io::Result<Self> {
        Self::take(folder, File::lock)
    }

    /// Waits until nobody writes to the folder.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub fn shared(folder: &Path) -> io::Result<Self> {
        Self::take(folder, File::lock_shared)
    }

    #[cfg(unix)]
    fn take(folder: &Path, lock: fn(&File) -> io::Result<()>) -> io::Result<Self> {
        let file = File::open(folder)?;
        loop {
            match lock(&file) {
                // A signal ended the wait, and its handler did not end the process.
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
}
