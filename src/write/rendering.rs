//! What is held against the disk.

use super::own_files::OwnFiles;
use crate::render::FileSet;

/// What a fleet rendered to, and what may stand beside it.
#[derive(Clone, Copy, Debug)]
pub struct Rendering<'r> {
    /// The fleet's name. A folder holds one fleet.
    pub fleet: &'r str,
    pub files: &'r FileSet,
    pub scope: Scope<'r>,
    pub own_files: &'r OwnFiles,
}

impl<'r> Rendering<'r> {
    /// The files in scope by their paths.
    pub fn files(&self) -> impl Iterator<Item = (&'r String, &'r String)> + use<'r> {
        let scope = self.scope;
        self.files
            .iter()
            .filter(move |(path, _)| scope.covers(path))
    }

    /// Whether a path is in a folder that this rendering no longer has: that of an environment or
    /// of the account.
    #[must_use]
    pub fn lacks_the_folder_of(&self, path: &str) -> bool {
        path.split_once('/').is_some_and(|(top, _)| {
            let folder = format!("{top}/");
            let next = self.files.range(folder.clone()..).next();
            !next.is_some_and(|(path, _)| path.starts_with(&folder))
        })
    }
}

/// What part of the output folder a rendering covers.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    Everything,
    /// One environment, and the files that belong to the whole folder. Every other file stays as
    /// it is.
    Environment(&'a str),
}

impl Scope<'_> {
    /// Whether a file's path, relative to the output folder, is in scope.
    #[must_use]
    pub fn covers(self, path: &str) -> bool {
        match (self, path.split_once('/')) {
            (Self::Everything, _) | (_, None) => true,
            (Self::Environment(name), Some((folder, _))) => folder == name,
        }
    }
}
