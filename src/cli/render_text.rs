//! What `valet-gen render` did or found, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::write::{Difference, Drift, DriftEntry, WriteSummary};

/// How many files a rendering names before it counts the rest.
const NAMED_FILES: usize = 10;

/// How many differences of a kind a check names before it counts the rest.
const NAMED_DIFFERENCES: usize = 20;

/// What was written: the counts, and the first files by name.
pub fn summary_text(folder: &Path, summary: &WriteSummary, with_names: bool) -> String {
    let mut text = format!("{}: {}\n", folder.display(), counts(summary));
    if !with_names {
        return text;
    }
    let lists = [
        ("created", &summary.created),
        ("updated", &summary.updated),
        ("removed", &summary.removed),
    ];
    let named: Vec<(&str, &String)> = lists
        .into_iter()
        .flat_map(|(what, paths)| paths.iter().map(move |path| (what, path)))
        .collect();
    for (what, path) in named.iter().take(NAMED_FILES) {
        let _ = writeln!(text, "  {what} {path}");
    }
    if named.len() > NAMED_FILES {
        let _ = writeln!(text, "  and {} more", named.len() - NAMED_FILES);
    }
    text
}

fn counts(summary: &WriteSummary) -> String {
    if summary.is_unchanged() {
        return format!("unchanged ({} files)", summary.unchanged);
    }
    let counts = [
        (summary.created.len(), "created"),
        (summary.updated.len(), "updated"),
        (summary.removed.len(), "removed"),
        (summary.unchanged, "unchanged"),
    ];
    counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What differs: the first files of each kind by name, and the counts.
pub fn drift_text(folder: &Path, drift: &Drift, with_diff: bool) -> String {
    let mut text = String::new();
    let mut kinds: BTreeMap<Difference, usize> = BTreeMap::new();
    let (line_endings, entries): (Vec<&DriftEntry>, Vec<&DriftEntry>) = drift
        .entries
        .iter()
        .partition(|entry| entry.line_endings_only);
    for entry in entries {
        let count = kinds.entry(entry.difference).or_default();
        *count += 1;
        if *count <= NAMED_DIFFERENCES {
            text.push_str(&entry_text(folder, entry, with_diff));
        }
    }
    for (difference, count) in kinds {
        if count > NAMED_DIFFERENCES {
            let more = count - NAMED_DIFFERENCES;
            let _ = writeln!(text, "{}: and {more} more", difference.as_str());
        }
    }
    text.push_str(&line_endings_text(folder, line_endings.len()));
    for path in &drift.own_files {
        let file = folder.join(path);
        let _ = writeln!(
            text,
            "own: {} (declared in terraform.own_files)",
            file.display()
        );
    }
    let _ = writeln!(
        text,
        "{}: {} differing, {} as rendered",
        folder.display(),
        drift.entries.len(),
        drift.unchanged
    );
    text
}

fn entry_text(folder: &Path, entry: &DriftEntry, with_diff: bool) -> String {
    let detail = entry.detail.as_deref().unwrap_or(entry.difference.advice());
    let file = folder.join(&entry.path);
    let what = entry.difference.as_str();
    let mut text = format!("{what}: {} ({detail})\n", file.display());
    if let Some(diff) = entry.diff.as_deref().filter(|_| with_diff) {
        let _ = writeln!(text, "{diff}");
    }
    text
}

/// Said once for all files: one setting of git's is behind them.
fn line_endings_text(folder: &Path, count: usize) -> String {
    let files = match count {
        0 => return String::new(),
        1 => "1 file differs".to_owned(),
        _ => format!("{count} files differ"),
    };
    format!(
        "{}: {}: {files} in line endings only (git converted them at the checkout; render, and \
         commit {}, which keeps git from it)\n",
        Difference::Edited.as_str(),
        folder.display(),
        folder.join(".gitattributes").display(),
    )
}
