//! What stands at a path of the output folder. Below the folder no symbolic link is followed: a
//! link could lead out of it, and then a file that is nobody's business would be written, or
//! taken for ours and removed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// What stands at the path of a file.
#[derive(Debug)]
pub enum FileState {
    Missing,
    /// A file with just these bytes.
    Same,
    /// A file with other bytes.
    Different,
    /// A file that cannot be read, or a folder on the way to it.
    Unreadable(PathBuf, io::Error),
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
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LinkForFile => "a symbolic link is in the place of a file",
            Self::FolderForFile => "a folder is in the place of a file",
            Self::SpecialForFile => "a pipe or a device is in the place of a file",
            Self::LinkForFolder => "a symbolic link is in the place of a folder",
            Self::FileForFolder => "a file is in the place of a folder",
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An output folder that is inspected. It remembers the state of its folders, so that each is
/// asked for once.
pub struct OutputDir<'f> {
    root: &'f Path,
    folders: BTreeMap<String, FolderState>,
    buffer: Vec<u8>,
}

#[derive(Clone, Debug)]
enum FolderState {
    Present,
    Missing,
    Unreadable(PathBuf, ErrorKind, Option<i32>),
    Obstacle(PathBuf, Obstacle),
}

impl<'f> OutputDir<'f> {
    pub fn new(root: &'f Path) -> Self {
        Self {
            root,
            folders: BTreeMap::new(),
            buffer: Vec::new(),
        }
    }

    /// Inspects the path of a file that should hold these bytes.
    pub fn inspect(&mut self, path: &str, expected: &[u8]) -> FileState {
        if let Some((folder, _)) = path.rsplit_once('/') {
            match self.folder(folder) {
                FolderState::Present => {}
                FolderState::Missing => return FileState::Missing,
                FolderState::Obstacle(at, obstacle) => return FileState::Obstacle(at, obstacle),
                FolderState::Unreadable(at, kind, code) => {
                    let error = code.map_or_else(|| kind.into(), io::Error::from_raw_os_error);
                    return FileState::Unreadable(at, error);
                }
            }
        }
        let file = self.root.join(path);
        let metadata = match fs::symlink_metadata(&file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return FileState::Missing,
            Err(error) => return FileState::Unreadable(file, error),
        };
        if metadata.is_symlink() {
            return FileState::Obstacle(file, Obstacle::LinkForFile);
        }
        if metadata.is_dir() {
            return FileState::Obstacle(file, Obstacle::FolderForFile);
        }
        if !metadata.is_file() {
            return FileState::Obstacle(file, Obstacle::SpecialForFile);
        }
        // The length alone tells most changed files from unchanged ones. A file without bytes is
        // opened all the same, so that an unreadable one is noticed.
        let same_length = metadata.len() == expected.len() as u64;
        match self.holds(&file, same_length.then_some(expected)) {
            Ok(true) => FileState::Same,
            Ok(false) => FileState::Different,
            Err(error) => FileState::Unreadable(file, error),
        }
    }

    /// Whether there is a file that an earlier run can have written.
    pub fn has_file(&mut self, path: &str) -> bool {
        match self.inspect(path, &[]) {
            FileState::Same | FileState::Different => true,
            FileState::Unreadable(at, _) => at == self.root.join(path),
            FileState::Missing | FileState::Obstacle(..) => false,
        }
    }

    /// Whether there is a folder, reached through no symbolic link. The empty path is the output
    /// folder itself.
    pub fn has_folder(&mut self, path: &str) -> bool {
        path.is_empty() || matches!(self.folder(path), FolderState::Present)
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

    fn folder(&mut self, path: &str) -> FolderState {
        if let Some(known) = self.folders.get(path) {
            return known.clone();
        }
        let above = match path.rsplit_once('/') {
            Some((above, _)) => self.folder(above),
            None => FolderState::Present,
        };
        let state = match above {
            FolderState::Present => inspect_folder(&self.root.join(path)),
            absent => absent,
        };
        self.folders.insert(path.to_owned(), state.clone());
        state
    }
}

fn inspect_folder(folder: &Path) -> FolderState {
    let obstacle = |what| FolderState::Obstacle(folder.to_owned(), what);
    match fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_symlink() => obstacle(Obstacle::LinkForFolder),
        Ok(metadata) if metadata.is_dir() => FolderState::Present,
        Ok(_) => obstacle(Obstacle::FileForFolder),
        Err(error) if error.kind() == ErrorKind::NotFound => FolderState::Missing,
        Err(error) => {
            FolderState::Unreadable(folder.to_owned(), error.kind(), error.raw_os_error())
        }
    }
}
