//! Paths for services that annotate a repository's files: from its root on, wherever the command runs.

use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{DiagnosticReport, Subject};

/// The reports with their paths from the repository's root on.
pub fn annotated(reports: &[DiagnosticReport]) -> Vec<DiagnosticReport> {
    let mut reports = reports.to_vec();
    for report in &mut reports {
        report.source.path = from_root(&report.source.path);
        for diagnostic in &mut report.diagnostics {
            if let Subject::File(path) = &mut diagnostic.subject {
                *path = from_root(path);
            }
        }
    }
    reports
}

/// A path from the root of its repository on: that of `GITHUB_WORKSPACE` where it lies in there, else of the nearest folder
/// with `.git`. A file of no repository keeps its path, without `.`, `..` and doubled slashes.
pub fn from_root(path: &str) -> String {
    if path.is_empty() || path.starts_with('<') {
        return path.to_owned();
    }
    let Ok(here) = std::env::current_dir() else {
        return path.to_owned();
    };
    let whole = clean(&here.join(path));
    let workspace = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let inside = workspace.and_then(|root| below(&whole, &root)).or_else(|| {
        let root = whole
            .ancestors()
            .find(|folder| folder.join(".git").exists())?;
        below(&whole, root)
    });
    let shown = inside.or_else(|| below(&whole, &here)).unwrap_or(whole);
    shown.display().to_string()
}

/// The path below a folder, links of the folder followed or not.
fn below(path: &Path, folder: &Path) -> Option<PathBuf> {
    if !folder.is_absolute() {
        return None;
    }
    let inside = |path: &Path, folder: &Path| {
        let inside = path.strip_prefix(folder).ok()?;
        (!inside.as_os_str().is_empty()).then(|| inside.to_owned())
    };
    let followed = || {
        let name = path.file_name()?;
        let parent = path.parent()?.canonicalize().ok()?;
        inside(&parent.join(name), &folder.canonicalize().ok()?)
    };
    inside(path, &clean(folder)).or_else(followed)
}

/// An absolute path without `.`, `..` and doubled slashes.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
