//! Single files: compared, put in place whole, removed.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::WriteError;

/// What [`put`] did to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    None,
    Created,
    Updated,
}

/// Makes the file hold these bytes. A file that already does is not touched.
pub fn put(path: &Path, bytes: &[u8]) -> Result<Change, WriteError> {
    let refused = |error: io::Error| WriteError::Io {
        path: path.to_owned(),
        error,
    };
    let change = match fs::read(path) {
        Ok(old) if old == bytes => return Ok(Change::None),
        Ok(_) => Change::Updated,
        Err(error) if error.kind() == ErrorKind::NotFound => Change::Created,
        Err(error) => return Err(refused(error)),
    };
    let temporary = temporary_beside(path);
    match replace(&temporary, path, bytes) {
        Ok(()) => Ok(change),
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            Err(refused(error))
        }
    }
}

fn replace(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = match create(temporary) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            create(temporary)?
        }
        // An interrupted run left it; what it holds is of no use.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(temporary)?;
            create(temporary)?
        }
        other => other?,
    };
    file.write_all(bytes)?;
    drop(file);
    fs::rename(temporary, path)
}

/// Opens a file that must not exist, so that no link planted in its place is followed.
fn create(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// One name per file, so that an interrupted run leaves at most what the next one replaces.
fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.valet-gen-part"))
}

/// Removes a file and the folders that it leaves empty. Says whether it was there.
pub fn remove(folder: &Path, path: &str) -> Result<bool, WriteError> {
    let file = folder.join(path);
    match fs::remove_file(&file) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(WriteError::Io { path: file, error }),
    }
    let mut parent = file.parent();
    while let Some(empty) = parent.filter(|parent| *parent != folder) {
        if fs::remove_dir(empty).is_err() {
            break;
        }
        parent = empty.parent();
    }
    Ok(true)
}
