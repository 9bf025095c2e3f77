//! What of a folder is not as it would be rendered, and how.

use std::fs;
use std::path::Path;

use serde::Serialize;
use similar::TextDiff;

use super::error::WriteError;
use super::lock::Lock;
use super::manifest::MANIFEST;
use super::manifest::{Manifest, StoredManifest, digest};
use super::output_dir::{FileState, OutputDir};
use super::rendering::Rendering;
use super::unmanaged::unmanaged;

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
    /// It stands in a rendered folder, no rendering wrote it, and fleet.toml does not declare it.
    Undeclared,
}

impl Difference {
    /// The word that is printed before the file's path.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Stale => "stale",
            Self::Orphaned => "orphaned",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::OtherVersion => "other version",
            Self::Undeclared => "undeclared",
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
            Self::Undeclared => {
                "valet-gen did not write it; declare it in terraform.own_files, or move it"
            }
        }
    }

    /// Every difference, the most serious first.
    pub const ALL: [Self; 7] = [
        Self::Unreadable,
        Self::Edited,
        Self::OtherVersion,
        Self::Stale,
        Self::Missing,
        Self::Orphaned,
        Self::Undeclared,
    ];
}

/// One file that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftEntry {
    /// Relative to the output folder.
    pub path: String,
    pub difference: Difference,
    /// A unified diff from the disk to the rendering, where both are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Why it cannot be read, which version wrote it, or what else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether the lines are the rendered ones and end in CR LF, as Git for Windows makes them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub line_endings_only: bool,
}

impl DriftEntry {
    fn new(path: &str, difference: Difference) -> Self {
        Self {
            path: path.to_owned(),
            difference,
            diff: None,
            detail: None,
            line_endings_only: false,
        }
    }

    fn with_detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }
}

/// Everything that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Sorted by path.
    pub entries: Vec<DriftEntry>,
    /// Files that are as they would be rendered.
    pub unchanged: usize,
    /// The user's own files, which fleet.toml declares. They are no difference.
    pub own_files: Vec<String>,
}

impl Drift {
    /// The most serious difference; `None` when there is none.
    #[must_use]
    pub fn worst(&self) -> Option<Difference> {
        self.entries.iter().map(|entry| entry.difference).min()
    }
}

/// Holds the folder against the rendered files without changing anything.
///
/// # Errors
/// When the folder holds another fleet.
pub fn check(folder: &Path, rendering: &Rendering<'_>) -> Result<Drift, WriteError> {
    // What cannot be locked can still be read.
    let _lock = Lock::shared(folder).ok();
    let mut drift = Drift::default();
    let stored = match Manifest::read(folder) {
        Ok(stored) => stored,
        Err(
            error @ (WriteError::BrokenManifest { .. } | WriteError::UnreadableManifest { .. }),
        ) => {
            drift.entries.push(unreadable_manifest(&error));
            None
        }
        Err(error) => return Err(error),
    };
    let old = stored.as_ref().map(|stored| &stored.manifest);
    if let Some(holds) = old.and_then(|old| old.other_fleet(rendering.fleet)) {
        return Err(WriteError::OtherFleet {
            folder: folder.to_owned(),
            holds: holds.to_owned(),
            fleet: rendering.fleet.to_owned(),
        });
    }
    drift.entries.extend(old.and_then(other_version));
    compare_files(folder, rendering, old, &mut drift);
    compare_folders(folder, rendering, old, &mut drift);
    if !drift.entries.iter().any(explains_the_manifest) {
        drift
            .entries
            .extend(compare_manifest(rendering, stored.as_ref()));
    }
    drift.entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(drift)
}

/// A manifest that differs only because its files do is no news.
fn explains_the_manifest(entry: &DriftEntry) -> bool {
    !matches!(
        entry.difference,
        Difference::Edited | Difference::Undeclared
    )
}

fn unreadable_manifest(error: &WriteError) -> DriftEntry {
    let help = match error {
        WriteError::BrokenManifest { .. } => {
            "; restore it from version control, or render with --force"
        }
        _ => "",
    };
    DriftEntry::new(MANIFEST, Difference::Unreadable).with_detail(format!("{error}{help}"))
}

fn other_version(old: &Manifest) -> Option<DriftEntry> {
    let this = env!("CARGO_PKG_VERSION");
    (old.valet_gen != this).then(|| {
        DriftEntry::new(MANIFEST, Difference::OtherVersion)
            .with_detail(format!("written by {}, this is {this}", old.valet_gen))
    })
}

fn compare_files(
    folder: &Path,
    rendering: &Rendering<'_>,
    old: Option<&Manifest>,
    drift: &mut Drift,
) {
    let mut disk = OutputDir::new(folder);
    for (path, text) in rendering.files() {
        match compare_file(&mut disk, folder, path, text, old) {
            Some(entry) => drift.entries.push(entry),
            None => drift.unchanged += 1,
        }
    }
    for path in old.into_iter().flat_map(|old| orphans(old, rendering)) {
        if !disk.has_file(path) {
            continue;
        }
        if is_taken_over(folder, path, rendering, old) {
            drift.own_files.push(path.clone());
        } else if rendering.lacks_the_folder_of(path) {
            let detail = "fleet.toml no longer has the environment; render --prune removes it";
            let entry = DriftEntry::new(path, Difference::Orphaned).with_detail(detail);
            drift.entries.push(entry);
        } else {
            drift
                .entries
                .push(DriftEntry::new(path, Difference::Orphaned));
        }
    }
}

/// What stands in the rendered folders beside what is rendered.
fn compare_folders(
    folder: &Path,
    rendering: &Rendering<'_>,
    old: Option<&Manifest>,
    drift: &mut Drift,
) {
    let found = unmanaged(folder, rendering, old);
    let undeclared = found
        .undeclared
        .iter()
        .map(|path| DriftEntry::new(path, Difference::Undeclared));
    drift.entries.extend(undeclared);
    let unreadable = found.unreadable.iter().map(|(path, error)| {
        DriftEntry::new(path, Difference::Unreadable).with_detail(error.to_string())
    });
    drift.entries.extend(unreadable);
    drift.own_files.extend(found.own);
    drift.own_files.sort_unstable();
}

fn compare_file(
    disk: &mut OutputDir<'_>,
    folder: &Path,
    path: &str,
    text: &str,
    old: Option<&Manifest>,
) -> Option<DriftEntry> {
    let unreadable = |at: &Path, problem: &str| {
        let detail = if at == folder.join(path) {
            problem.to_owned()
        } else {
            format!("{}: {problem}", at.display())
        };
        Some(DriftEntry::new(path, Difference::Unreadable).with_detail(detail))
    };
    match disk.inspect(path, text.as_bytes()) {
        FileState::Same => return None,
        FileState::Missing => return Some(DriftEntry::new(path, Difference::Missing)),
        FileState::Unreadable(at, error) => return unreadable(&at, &error.to_string()),
        FileState::Obstacle(at, obstacle) => return unreadable(&at, obstacle.as_str()),
        FileState::Different => {}
    }
    match fs::read(folder.join(path)) {
        Ok(bytes) => Some(compare_bytes(path, &bytes, text, old)),
        Err(error) => unreadable(&folder.join(path), &error.to_string()),
    }
}

/// Line endings are put aside first: what git made of them says nothing about who changed a file.
fn compare_bytes(path: &str, bytes: &[u8], text: &str, old: Option<&Manifest>) -> DriftEntry {
    let on_disk = String::from_utf8_lossy(bytes);
    let lines = on_disk.replace("\r\n", "\n");
    if lines == text {
        return DriftEntry {
            line_endings_only: true,
            ..DriftEntry::new(path, Difference::Edited).with_detail("line endings only")
        };
    }
    let sum = old.and_then(|old| old.files.get(path));
    let is_as_written = sum.is_some_and(|sum| {
        *sum == digest(bytes) || lines.len() < on_disk.len() && *sum == digest(lines.as_bytes())
    });
    let difference = if is_as_written {
        Difference::Stale
    } else {
        Difference::Edited
    };
    DriftEntry {
        diff: Some(unified(path, &lines, text)),
        ..DriftEntry::new(path, difference)
    }
}

/// The manifest is a rendered file as well: without it, or with another text in it, the next run
/// would not know its own files.
fn compare_manifest(
    rendering: &Rendering<'_>,
    stored: Option<&StoredManifest>,
) -> Option<DriftEntry> {
    let Some(StoredManifest {
        manifest: old,
        is_conflicted,
    }) = stored
    else {
        return Some(DriftEntry::new(MANIFEST, Difference::Missing));
    };
    if *is_conflicted {
        return Some(
            DriftEntry::new(MANIFEST, Difference::Edited)
                .with_detail("it has the markers of a merge conflict; render writes it again"),
        );
    }
    let mut expected = Manifest::of(rendering, Some(old));
    // Said once already, as another version.
    expected.valet_gen.clone_from(&old.valet_gen);
    if expected == *old {
        return None;
    }
    // It names the very files that are there as rendered, with other sums.
    let difference = if expected.files != old.files && expected.files.keys().eq(old.files.keys()) {
        Difference::Edited
    } else {
        Difference::Stale
    };
    Some(DriftEntry::new(MANIFEST, difference))
}

/// What an earlier rendering wrote and this one has no more.
pub fn orphans<'m>(
    old: &'m Manifest,
    rendering: &Rendering<'_>,
) -> impl Iterator<Item = &'m String> {
    old.files
        .keys()
        .filter(|path| rendering.scope.covers(path) && !rendering.files.contains_key(*path))
}

/// Whether an orphan is the user's by now: declared as own, and not what a rendering wrote.
pub fn is_taken_over(
    folder: &Path,
    path: &str,
    rendering: &Rendering<'_>,
    old: Option<&Manifest>,
) -> bool {
    let sum = old.and_then(|old| old.files.get(path));
    let is_as_written =
        || fs::read(folder.join(path)).is_ok_and(|bytes| sum == Some(&digest(&bytes)));
    rendering.own_files.declares(path) && !is_as_written()
}

fn unified(path: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(&format!("on disk/{path}"), &format!("rendered/{path}"))
        .to_string()
}
