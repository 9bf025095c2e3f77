//! Fifth stage: the rendered files against the disk. The one place that writes.
//!
//! Writing compares first and touches only what differs. A new folder arrives as a whole; in one
//! that is there, each file arrives by a temporary file and a rename. The manifest comes last, so
//! an interruption leaves every file whole, either old or new, and the next run finishes the
//! work. It is not synced to the disk: a power failure is git's to repair.
//!
//! One run writes to a folder at a time; another waits. Below the folder no symbolic link is
//! followed, to write or to remove.

mod compare;
mod disk;
mod fresh;
mod lock;
mod manifest;
mod place;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

pub use compare::{Difference, Drift, Entry};
pub use manifest::{MANIFEST, Manifest};
pub use place::Obstacle;

use crate::render::FileSet;
use lock::Lock;
use place::{Place, Standing};

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
    /// Files are in the way that this program did not write.
    Foreign(Vec<PathBuf>),
    /// Something is in the way that no file can take the place of.
    Blocked { path: PathBuf, obstacle: Obstacle },
    /// The manifest is not one.
    BrokenManifest { path: PathBuf, problem: String },
    /// A rendered file would lie outside the folder, which the rules about names rule out.
    Outside(String),
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
/// When something is in the way, the manifest is broken, or the disk refuses. Nothing is written
/// in the first two cases.
pub fn write(
    folder: &Path,
    files: &FileSet,
    scope: Scope<'_>,
    foreign: Foreign,
) -> Result<Summary, WriteError> {
    if let Some(outside) = files.keys().find(|path| !manifest::is_inside(path)) {
        return Err(WriteError::Outside(outside.clone()));
    }
    if let Some(summary) = fresh::write(folder, files, scope)? {
        return Ok(summary);
    }
    if !folder.is_dir() {
        return Err(WriteError::Blocked {
            path: folder.to_owned(),
            obstacle: Obstacle::FileForFolder,
        });
    }
    let _lock = Lock::exclusive(folder).map_err(|error| WriteError::Io {
        path: folder.to_owned(),
        error,
    })?;
    let old = Manifest::read(folder)?;
    let work = Work::plan(folder, files, old.as_ref(), scope, foreign)?;
    work.carry_out(folder)?;
    let manifest = Manifest::of(files, old.as_ref(), scope);
    if old.as_ref() != Some(&manifest) {
        disk::put(&folder.join(MANIFEST), manifest.to_json().as_bytes())?;
    }
    Ok(work.summary)
}

/// What is to be done to a folder, known before anything is touched.
struct Work<'w> {
    summary: Summary,
    /// Files to create or to replace.
    puts: Vec<(&'w str, &'w str)>,
    /// What no rendering has any more. `true` where the file is still there.
    orphans: Vec<(&'w str, bool)>,
    /// Every folder that holds files of a rendering.
    folders: BTreeSet<&'w str>,
    /// The manifest to begin with, where files come that the old one does not know.
    first: Option<Manifest>,
}

impl<'w> Work<'w> {
    fn plan(
        folder: &Path,
        files: &'w FileSet,
        old: Option<&'w Manifest>,
        scope: Scope<'_>,
        foreign: Foreign,
    ) -> Result<Self, WriteError> {
        let mut work = Self {
            summary: Summary::default(),
            puts: Vec::new(),
            orphans: Vec::new(),
            // The manifest is in the output folder itself.
            folders: BTreeSet::from([""]),
            first: None,
        };
        let mut in_the_way = Vec::new();
        let mut place = Place::new(folder);
        for (path, text) in files.iter().filter(|(path, _)| scope.covers(path)) {
            let is_ours = old.is_some_and(|old| old.files.contains_key(path));
            match place.look(path, text.as_bytes())? {
                Standing::Same => work.summary.unchanged += 1,
                Standing::Missing => work.put(path, text, true),
                Standing::Other | Standing::Unreadable(_) if is_ours => work.put(path, text, false),
                Standing::Other
                | Standing::Unreadable(_)
                | Standing::Obstacle(_, Obstacle::LinkForFile) => {
                    in_the_way.push(folder.join(path));
                    work.put(path, text, false);
                }
                Standing::Obstacle(path, obstacle) => {
                    return Err(WriteError::Blocked { path, obstacle });
                }
            }
        }
        if foreign == Foreign::Refuse && !in_the_way.is_empty() {
            return Err(WriteError::Foreign(in_the_way));
        }
        for path in orphans(old, files, scope) {
            let is_there = place.has_file(path)?;
            work.summary.removed += usize::from(is_there);
            work.orphans.push((path, is_there));
        }
        let known = files
            .keys()
            .chain(old.into_iter().flat_map(|old| old.files.keys()));
        for path in known.filter(|path| scope.covers(path)) {
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            if place.has_folder(above)? {
                work.folders.insert(above);
            }
        }
        work.first = Manifest::before(old, &work.puts);
        Ok(work)
    }

    fn put(&mut self, path: &'w str, text: &'w str, is_new: bool) {
        if is_new {
            self.summary.created += 1;
        } else {
            self.summary.updated += 1;
        }
        self.puts.push((path, text));
    }

    fn carry_out(&self, folder: &Path) -> Result<(), WriteError> {
        for within in &self.folders {
            disk::sweep(&folder.join(within))?;
        }
        if let Some(first) = &self.first {
            disk::put(&folder.join(MANIFEST), first.to_json().as_bytes())?;
        }
        for (path, text) in &self.puts {
            disk::put(&folder.join(path), text.as_bytes())?;
        }
        for (orphan, is_there) in &self.orphans {
            if *is_there {
                disk::remove(&folder.join(orphan))?;
            }
            disk::remove_empty_above(folder, orphan);
        }
        Ok(())
    }
}

/// Holds the folder against the rendered files without changing anything.
///
/// # Errors
/// When something is in the way that no comparison can pass over.
pub fn check(folder: &Path, files: &FileSet, scope: Scope<'_>) -> Result<Drift, WriteError> {
    // What cannot be locked can still be read.
    let _lock = Lock::shared(folder).ok();
    match Manifest::read(folder) {
        Ok(old) => compare::compare(folder, files, old.as_ref(), scope),
        Err(WriteError::BrokenManifest { problem, .. }) => {
            compare::compare_without_manifest(folder, files, scope, &problem)
        }
        Err(error) => Err(error),
    }
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
