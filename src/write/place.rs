//! What stands at a path of the output folder. Below the folder no symbolic link is followed: a
//! link could lead out of it, and then a file that is nobody's business would be written, or
//! taken for ours and removed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::WriteError;

/// What stands at the path of a file.
#[derive(Debug)]
pub enum Standing {
    Missing,
    /// A file with just these bytes.
    Same,
    /// A file with other bytes.
    Other,
    /// A file that cannot be read.
    Unreadable(io::Error),
    /// Something that is no file, there or where one of its folders should be.
    Obstacle(PathBuf, Obstacle),
}

/// What is in the place of a file or of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    LinkForFile,
    FolderForFile,
    /// A pipe, a socket or a device.
    SpecialForFile,
    LinkForFolder,
    FileForFolder,
}

impl Obstacle {
    /// What it is, after a path and a colon.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::LinkForFile => "a symbolic link is in the place of a file",
            Self::FolderForFile => "a folder is in the place of a file",
            Self::SpecialForFile => "a pipe or a device is in the place of a file",
            Self::LinkForFolder => "a symbolic link is in the place of a folder",
            Self::FileForFolder => "a file is in the place of a folder",
        }
    }
}

/// An output folder that is being looked at. It remembers which of its folders are there, so
/// that each is asked for once.
pub struct Place<'f> {
    root: &'f Path,
    folders: BTreeMap<String, FolderStanding>,
    buffer: Vec<u8>,
}

#[derive(Clone, Debug)]
enum FolderStanding {
    There,
    Missing,
    Obstacle(PathBuf, Obstacle),
}

impl<'f> Place<'f> {
    pub fn new(root: &'f Path) -> Self {
        Self {
            root,
            folders: BTreeMap::new(),
            buffer: Vec::new(),
        }
    }

    /// Looks at the path of a file that should hold these bytes.
    pub fn look(&mut self, path: &str, expected: &[u8]) -> Result<Standing, WriteError> {
        if let Some((folder, _)) = path.rsplit_once('/') {
            match self.folder(folder)? {
                FolderStanding::There => {}
                FolderStanding::Missing => return Ok(Standing::Missing),
                FolderStanding::Obstacle(at, obstacle) => {
                    return Ok(Standing::Obstacle(at, obstacle));
                }
            }
        }
        let file = self.root.join(path);
        let metadata = match fs::symlink_metadata(&file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Standing::Missing),
            Err(error) => return Err(WriteError::Io { path: file, error }),
        };
        if metadata.is_symlink() {
            return Ok(Standing::Obstacle(file, Obstacle::LinkForFile));
        }
        if metadata.is_dir() {
            return Ok(Standing::Obstacle(file, Obstacle::FolderForFile));
        }
        if !metadata.is_file() {
            return Ok(Standing::Obstacle(file, Obstacle::SpecialForFile));
        }
        // The length alone tells most changed files from unchanged ones. A file without bytes is
        // opened all the same, so that an unreadable one is noticed.
        let same_length = metadata.len() == expected.len() as u64;
        match self.holds(&file, same_length.then_some(expected)) {
            Ok(true) => Ok(Standing::Same),
            Ok(false) => Ok(Standing::Other),
            Err(error) => Ok(Standing::Unreadable(error)),
        }
    }

    /// Whether there is a file that an earlier run can have written.
    pub fn has_file(&mut self, path: &str) -> Result<bool, WriteError> {
        Ok(matches!(
            self.look(path, &[])?,
            Standing::Same | Standing::Other | Standing::Unreadable(_)
        ))
    }

    /// Whether there is a folder, reached through no symbolic link. The empty path is the output
    /// folder itself.
    pub fn has_folder(&mut self, path: &str) -> Result<bool, WriteError> {
        Ok(path.is_empty() || matches!(self.folder(path)?, FolderStanding::There))
    }

    fn holds(&mut self, file: &Path, expected: Option<&[u8]>) -> io::Result<bool> {
        let mut opened = File::open(file)?;
        let Some(expected) = expected else {
            return Ok(false);
        };
        self.buffer.resize(expected.len(), 0);
        match opened.read_exact(&mut self.buffer) {
            Ok(()) => Ok(self.buffer == expected),
            // It has been cut short since.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn folder(&mut self, path: &str) -> Result<FolderStanding, WriteError> {
        if let Some(known) = self.folders.get(path) {
            return Ok(known.clone());
        }
        let above = match path.rsplit_once('/') {
            Some((above, _)) => self.folder(above)?,
            None => FolderStanding::There,
        };
        let standing = match above {
            FolderStanding::There => look_at_folder(&self.root.join(path))?,
            absent => absent,
        };
        self.folders.insert(path.to_owned(), standing.clone());
        Ok(standing)
    }
}

fn look_at_folder(folder: &Path) -> Result<FolderStanding, WriteError> {
    let obstacle = |what| Ok(FolderStanding::Obstacle(folder.to_owned(), what));
    match fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_symlink() => obstacle(Obstacle::LinkForFolder),
        Ok(metadata) if metadata.is_dir() => Ok(FolderStanding::There),
        Ok(_) => obstacle(Obstacle::FileForFolder),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(FolderStanding::Missing),
        Err(error) => Err(WriteError::Io {
            path: folder.to_owned(),
            error,
        }),
    }
}
