//! Fifth stage: the rendered files against the disk. The one place that writes.
//!
//! Writing compares first and touches only what differs. Each file arrives by a temporary file
//! and a rename, and the manifest comes last, so an interruption leaves every file whole, either
//! old or new, and the next run finishes the work. It is not synced to the disk: a power failure
//! is git's to repair.

mod compare;
mod disk;
mod manifest;

use std::io;
use std::path::{Path, PathBuf};

pub use compare::{Difference, Drift, Entry};
pub use manifest::{MANIFEST, Manifest};

use crate::render::FileSet;

/// What [`write`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub created: usize,
    pub updated: usize,
    pub removed: usize,
    pub unchanged: usize,
}

impl Summary {
    /// Whether the disk was left as it was.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.created + self.updated + self.removed == 0
    }
}

/// Why nothing, or not everything, was written.
#[derive(Debug)]
pub enum WriteError {
    /// A file is in the way that this program did not write.
    Foreign(PathBuf),
    /// The manifest is not one.
    BrokenManifest { path: PathBuf, problem: String },
    /// The disk refused.
    Io { path: PathBuf, error: io::Error },
}

/// What part of the output folder a rendering covers.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    Everything,
    /// One environment; every other file stays as it is.
    Environment(&'a str),
}

impl Scope<'_> {
    fn covers(self, path: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Environment(name) => path
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('/')),
        }
    }
}

/// How [`write`] treats what is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    Refuse,
    Overwrite,
}

/// Brings the folder to the rendered files: creates, updates, and removes what an earlier
/// rendering wrote and this one has no more. Files that no rendering wrote are never touched.
///
/// # Errors
/// When a foreign file is in the way, the manifest is broken, or the disk refuses. Nothing is
/// written in the first two cases.
pub fn write(
    folder: &Path,
    files: &FileSet,
    scope: Scope<'_>,
    foreign: Foreign,
) -> Result<Summary, WriteError> {
    let old = Manifest::read(folder)?;
    let covered = || files.iter().filter(|(path, _)| scope.covers(path));
    if foreign == Foreign::Refuse {
        refuse_foreign(folder, old.as_ref(), covered())?;
    }
    let mut summary = Summary::default();
    for (path, text) in covered() {
        match disk::put(&folder.join(path), text.as_bytes())? {
            disk::Change::Created => summary.created += 1,
            disk::Change::Updated => summary.updated += 1,
            disk::Change::None => summary.unchanged += 1,
        }
    }
    for orphan in orphans(old.as_ref(), files, scope) {
        if disk::remove(folder, orphan)? {
            summary.removed += 1;
        }
    }
    let manifest = Manifest::of(files, old.as_ref(), scope);
    disk::put(&folder.join(MANIFEST), manifest.to_json().as_bytes())?;
    Ok(summary)
}

/// Holds the folder against the rendered files without changing anything.
///
/// # Errors
/// When the manifest is broken.
pub fn check(folder: &Path, files: &FileSet, scope: Scope<'_>) -> Result<Drift, WriteError> {
    let old = Manifest::read(folder)?;
    Ok(compare::compare(folder, files, old.as_ref(), scope))
}

fn refuse_foreign<'f>(
    folder: &Path,
    old: Option<&Manifest>,
    files: impl Iterator<Item = (&'f String, &'f String)>,
) -> Result<(), WriteError> {
    for (path, text) in files {
        let is_ours = old.is_some_and(|old| old.files.contains_key(path));
        let on_disk = folder.join(path);
        if is_ours || !on_disk.exists() {
            continue;
        }
        if std::fs::read(&on_disk).ok().as_deref() != Some(text.as_bytes()) {
            return Err(WriteError::Foreign(on_disk));
        }
    }
    Ok(())
}

/// What an earlier rendering wrote and this one has no more.
fn orphans<'m>(
    old: Option<&'m Manifest>,
    files: &FileSet,
    scope: Scope<'_>,
) -> impl Iterator<Item = &'m String> {
    old.into_iter()
        .flat_map(|old| old.files.keys())
        .filter(move |path| scope.covers(path) && !files.contains_key(*path))
}
