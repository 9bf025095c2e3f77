//! Single files: put in place whole, removed, and swept up after.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::error::WriteError;

/// What the name of every temporary file ends with.
const SUFFIX: &str = ".valet-gen-part";

/// Puts a file in place with these bytes, whole or not at all. Whatever file or symbolic link is
/// there is replaced, and what a link leads to is left alone.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let temporary = temporary_beside(path);
    let put = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    put.map_err(|source| {
        let _ = fs::remove_file(&temporary);
        WriteError::Io {
            path: path.to_owned(),
            source,
        }
    })
}

/// Writes a file that must not exist, so that no link planted in its place is followed. Its mode
/// is what the process gives to any new file. Nothing is tried more than twice.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = match File::create_new(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            File::create_new(path)?
        }
        // A process of the same number left it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            File::create_new(path)?
        }
        other => other?,
    };
    file.write_all(bytes)
}

/// A name of this process's own: where the file system knows no locks, two runs still never
/// write to one file.
fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}{SUFFIX}", std::process::id()))
}

/// Whether a file of this name is a temporary one of some run.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(SUFFIX)
}

/// Removes the temporary files that interrupted runs left in a folder.
pub fn remove_temporary_files(folder: &Path) -> Result<(), WriteError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(WriteError::Io {
                path: folder.to_owned(),
                source,
            });
        }
    };
    for entry in entries.flatten() {
        let is_left = entry.file_name().to_str().is_some_and(is_temporary);
        if is_left && entry.file_type().is_ok_and(|kind| !kind.is_dir()) {
            let path = entry.path();
            fs::remove_file(&path).map_err(|source| WriteError::Io { path, source })?;
        }
    }
    Ok(())
}

/// Removes a file.
pub fn remove(path: &Path) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(WriteError::Io {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Removes the folders above a file that hold nothing any more, up to the output folder.
pub fn remove_empty_above(folder: &Path, path: &str) {
    let mut above = path;
    while let Some((parent, _)) = above.rsplit_once('/') {
        match fs::remove_dir(folder.join(parent)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => break,
        }
        above = parent;
    }
}
