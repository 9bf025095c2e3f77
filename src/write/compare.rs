//! What of a folder is not as it would be rendered, and how.

use std::fs;
use std::path::Path;

use serde::Serialize;
use similar::TextDiff;

use super::manifest::{Manifest, digest};
use super::place::{Place, Standing};
use super::{MANIFEST, Scope, WriteError};
use crate::render::FileSet;

/// How a file differs from its rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// It exists and cannot be read.
    Unreadable,
    /// It is not what a rendering wrote: somebody edited it.
    Edited,
    /// Another version of the generator wrote the folder, which explains the ones below.
    OtherVersion,
    /// It is what an earlier rendering wrote: fleet.toml has changed since.
    Stale,
    /// It should be there.
    Missing,
    /// An earlier rendering wrote it, and this one has it no more.
    Orphaned,
}

impl Difference {
    /// The exit code of `render --check` when this is the most serious difference.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Edited => 10,
            Self::Stale => 11,
            Self::Orphaned => 12,
            Self::Missing => 13,
            Self::Unreadable => 14,
            Self::OtherVersion => 15,
        }
    }

    /// The word that is printed before the file's path.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Stale => "stale",
            Self::Orphaned => "orphaned",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::OtherVersion => "other version",
        }
    }

    /// What it means and what to do, for the help and the README.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Edited => "changed by hand; make the change in fleet.toml, then render",
            Self::Stale => "fleet.toml has changed since; render and commit",
            Self::Orphaned => "no longer rendered; render removes it",
            Self::Missing => "not there; render and commit",
            Self::Unreadable => "cannot be read; see its permissions and its type",
            Self::OtherVersion => {
                "written by another version of valet-gen; render with one version"
            }
        }
    }

    /// Every difference, the most serious first.
    pub const ALL: [Self; 6] = [
        Self::Unreadable,
        Self::Edited,
        Self::OtherVersion,
        Self::Stale,
        Self::Missing,
        Self::Orphaned,
    ];
}

/// One file that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub path: String,
    pub difference: Difference,
    /// A unified diff from the disk to the rendering, where both are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Why it cannot be read, or which version wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Everything that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    pub entries: Vec<Entry>,
    /// Files that are as they would be rendered.
    pub unchanged: usize,
}

impl Drift {
    /// The most serious difference; `None` when there is none.
    #[must_use]
    pub fn worst(&self) -> Option<Difference> {
        self.entries.iter().map(|entry| entry.difference).min()
    }
}

pub fn compare(
    folder: &Path,
    files: &FileSet,
    old: Option<&Manifest>,
    scope: Scope<'_>,
) -> Result<Drift, WriteError> {
    let mut drift = Drift::default();
    if let Some(old) = old.filter(|old| old.valet_gen != env!("CARGO_PKG_VERSION")) {
        drift.entries.push(Entry {
            path: MANIFEST.to_owned(),
            difference: Difference::OtherVersion,
            diff: None,
            detail: Some(format!(
                "written by {}, this is {}",
                old.valet_gen,
                env!("CARGO_PKG_VERSION")
            )),
        });
    }
    let mut place = Place::new(folder);
    for (path, text) in files.iter().filter(|(path, _)| scope.covers(path)) {
        match compare_file(&mut place, folder, path, text, old)? {
            Some(entry) => drift.entries.push(entry),
            None => drift.unchanged += 1,
        }
    }
    for path in super::orphans(old, files, scope) {
        if place.has_file(path)? {
            drift.entries.push(Entry {
                path: path.clone(),
                difference: Difference::Orphaned,
                diff: None,
                detail: None,
            });
        }
    }
    // A manifest that differs only because its files do is no news.
    let explained = |entry: &Entry| !matches!(entry.difference, Difference::Edited);
    if !drift.entries.iter().any(explained) {
        drift.entries.extend(compare_manifest(files, old, scope));
    }
    drift.entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(drift)
}

/// The same for a folder whose manifest cannot be read: it cannot be told what a rendering wrote.
pub fn compare_without_manifest(
    folder: &Path,
    files: &FileSet,
    scope: Scope<'_>,
    problem: &str,
) -> Result<Drift, WriteError> {
    let mut drift = compare(folder, files, None, scope)?;
    drift.entries.retain(|entry| entry.path != MANIFEST);
    drift.entries.push(Entry {
        path: MANIFEST.to_owned(),
        difference: Difference::Unreadable,
        diff: None,
        detail: Some(format!(
            "it is not a manifest of valet-gen: {problem}; restore it from version control"
        )),
    });
    drift.entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(drift)
}

fn compare_file(
    place: &mut Place<'_>,
    folder: &Path,
    path: &str,
    text: &str,
    old: Option<&Manifest>,
) -> Result<Option<Entry>, WriteError> {
    let entry = |difference, diff, detail| {
        Ok(Some(Entry {
            path: path.to_owned(),
            difference,
            diff,
            detail,
        }))
    };
    let unreadable = |problem: String| entry(Difference::Unreadable, None, Some(problem));
    match place.look(path, text.as_bytes())? {
        Standing::Same => return Ok(None),
        Standing::Missing => return entry(Difference::Missing, None, None),
        Standing::Unreadable(error) => return unreadable(error.to_string()),
        Standing::Obstacle(at, obstacle) if at == folder.join(path) => {
            return unreadable(obstacle.words().to_owned());
        }
        Standing::Obstacle(at, obstacle) => {
            return unreadable(format!("{}: {}", at.display(), obstacle.words()));
        }
        Standing::Other => {}
    }
    let bytes = match fs::read(folder.join(path)) {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(error.to_string()),
    };
    let as_written = old
        .and_then(|old| old.files.get(path))
        .is_some_and(|sum| *sum == digest(&bytes));
    let difference = if as_written {
        Difference::Stale
    } else {
        Difference::Edited
    };
    let on_disk = String::from_utf8_lossy(&bytes);
    entry(difference, Some(unified(path, &on_disk, text)), None)
}

/// The manifest is a rendered file as well: without it, or with another text in it, the next run
/// would not know its own files.
fn compare_manifest(files: &FileSet, old: Option<&Manifest>, scope: Scope<'_>) -> Option<Entry> {
    let difference = match old {
        None => Difference::Missing,
        Some(old) => {
            let mut expected = Manifest::of(files, Some(old), scope);
            // Said once already, as another version.
            expected.valet_gen.clone_from(&old.valet_gen);
            if expected == *old {
                return None;
            }
            // It names the very files that are there as rendered, with other sums.
            if expected.files.keys().eq(old.files.keys()) {
                Difference::Edited
            } else {
                Difference::Stale
            }
        }
    };
    Some(Entry {
        path: MANIFEST.to_owned(),
        difference,
        diff: None,
        detail: None,
    })
}

fn unified(path: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(&format!("on disk/{path}"), &format!("rendered/{path}"))
        .to_string()
}
