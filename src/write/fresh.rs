//! An output folder that is not there yet: written as a whole beside its place and moved there
//! in one step. That is quicker than a rename per file, and an interruption leaves nothing.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::{MANIFEST, Manifest, Obstacle, Scope, Summary, WriteError};
use crate::render::FileSet;

/// Writes the folder, unless there is something at its place already.
pub fn write(
    folder: &Path,
    files: &FileSet,
    scope: Scope<'_>,
) -> Result<Option<Summary>, WriteError> {
    let Some(part) = part_of(folder) else {
        return Ok(None);
    };
    if is_there(folder) {
        clear_away(&part);
        return Ok(None);
    }
    let refused = |error: io::Error| WriteError::Io {
        path: folder.to_owned(),
        error,
    };
    if fs::symlink_metadata(&part).is_ok_and(|found| !found.is_dir()) {
        return Err(WriteError::Blocked {
            path: part,
            obstacle: Obstacle::FileForFolder,
        });
    }
    let lock = claim(&part).map_err(refused)?;
    // Whoever had the claim before may have been quicker.
    let done = if is_there(folder) {
        Ok(None)
    } else {
        fill(&part, files, scope)
            .and_then(|created| {
                move_into_place(&part, folder).map(|moved| moved.then_some(created))
            })
            .map_err(refused)
    };
    if !matches!(done, Ok(Some(_))) {
        let _ = fs::remove_dir_all(&part);
    }
    drop(lock);
    Ok(done?.map(|created| Summary {
        created,
        ..Summary::default()
    }))
}

/// The folder beside the place of another. `None` for `.`, `..` and `/`, which are there anyway.
fn part_of(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_str()?;
    Some(folder.with_file_name(format!(".{name}.valet-gen-part")))
}

fn is_there(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok()
}

/// Takes the folder beside, empty, for this run alone.
fn claim(part: &Path) -> io::Result<Lock> {
    loop {
        let is_new = match fs::create_dir(part) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(part.parent().unwrap_or(Path::new(".")))?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let lock = match Lock::exclusive(part) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other?,
        };
        if !lock.is_still_at(part)? {
            continue;
        }
        if !is_new {
            // An interrupted run left it; what it holds is of no use.
            empty(part)?;
        }
        return Ok(lock);
    }
}

fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes every file, and the manifest last. Says how many there are besides it.
fn fill(part: &Path, files: &FileSet, scope: Scope<'_>) -> io::Result<usize> {
    let mut created = 0;
    let mut made = "";
    for (path, text) in files.iter().filter(|(path, _)| scope.covers(path)) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder != made {
            fs::create_dir_all(part.join(folder))?;
            made = folder;
        }
        File::create_new(part.join(path))?.write_all(text.as_bytes())?;
        created += 1;
    }
    let manifest = Manifest::of(files, None, scope);
    File::create_new(part.join(MANIFEST))?.write_all(manifest.to_json().as_bytes())?;
    Ok(created)
}

/// Says whether the place was still free.
fn move_into_place(part: &Path, folder: &Path) -> io::Result<bool> {
    match fs::rename(part, folder) {
        Ok(()) => Ok(true),
        Err(_) if is_there(folder) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes what an interrupted first run left beside a folder that has come to be since.
fn clear_away(part: &Path) {
    let is_folder = fs::symlink_metadata(part).is_ok_and(|found| found.is_dir());
    if is_folder && claim(part).is_ok() {
        let _ = fs::remove_dir(part);
    }
}
