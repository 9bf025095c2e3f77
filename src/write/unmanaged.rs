//! Files in rendered folders that no rendering wrote. Terraform reads every `.tf` of a folder,
//! whoever put it there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::file::is_temporary;
use super::manifest::Manifest;
use super::rendering::Rendering;

/// What stands in the rendered folders and is not rendered, as paths relative to the output
/// folder, sorted.
#[derive(Debug, Default)]
pub struct UnmanagedFiles {
    /// Files that `terraform.own_files` declares.
    pub own: Vec<String>,
    /// All others.
    pub undeclared: Vec<String>,
    /// Folders that cannot be read, each with the reason.
    pub unreadable: Vec<(String, io::Error)>,
}

/// Looks through the folder of every environment in scope. What stands beside these folders
/// changes nothing in them and is left alone.
#[must_use]
pub fn unmanaged(
    folder: &Path,
    rendering: &Rendering<'_>,
    old: Option<&Manifest>,
) -> UnmanagedFiles {
    let mut search = Search {
        folder,
        rendering,
        known: old
            .into_iter()
            .flat_map(|old| old.files.keys())
            .chain(rendering.files.keys())
            .map(String::as_str)
            .collect(),
        found: UnmanagedFiles::default(),
    };
    let tops: BTreeSet<&str> = search
        .known
        .iter()
        .filter(|path| rendering.scope.covers(path))
        .filter_map(|path| path.split_once('/'))
        .map(|(top, _)| top)
        .collect();
    for top in tops {
        if is_folder(&folder.join(top)) {
            search.look_through(top);
        }
    }
    search.found.own.sort_unstable();
    search.found.undeclared.sort_unstable();
    search.found
}

struct Search<'s> {
    folder: &'s Path,
    rendering: &'s Rendering<'s>,
    /// The paths of this rendering and of the one before.
    known: BTreeSet<&'s str>,
    found: UnmanagedFiles,
}

impl Search<'_> {
    fn look_through(&mut self, within: &str) {
        let entries = match fs::read_dir(self.folder.join(within)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return,
            Err(error) => return self.found.unreadable.push((within.to_owned(), error)),
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if is_of_a_program(&name) {
                continue;
            }
            let path = format!("{within}/{name}");
            // The type is that of a link itself: what it leads to is not looked at.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.look_through(&path);
            } else if self.known.contains(path.as_str()) {
                // A rendering wrote it, or will.
            } else if self.rendering.own_files.declares(&path) {
                self.found.own.push(path);
            } else {
                self.found.undeclared.push(path);
            }
        }
    }
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Whether a program puts a file or folder of this name beside what it reads, and reads no
/// configuration from it: Terraform's and OpenTofu's working folder, locks, states, plans and
/// crash logs, and our own temporary files.
fn is_of_a_program(name: &str) -> bool {
    name.starts_with(".terraform")
        || name.ends_with(".tfstate")
        || name.contains(".tfstate.")
        || name.ends_with(".tfplan")
        || (name.starts_with("crash.") && name.ends_with("log"))
        || is_temporary(name)
}
