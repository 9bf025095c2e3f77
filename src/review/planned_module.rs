//! The `.tf` files that a plan is of: as they are, as they were where the branch left the main one, and as
//! they were rendered. A plan has no `lifecycle`, and does not say who wrote its module.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::config::{Lifecycle, Module};
use super::git::Repository;
use crate::load;
use crate::render::FileSet;
use crate::write::{MANIFEST, Manifest, digest};

/// The module of a plan.
pub struct PlannedModule {
    /// What protects each block: before, where it was there, and now.
    pub lifecycles: BTreeMap<String, (Option<Lifecycle>, Lifecycle)>,
    /// Addresses of the blocks, those of data sources with `data.`.
    pub addresses: BTreeSet<String>,
    /// Files that are not as they were rendered, by path, with what is wrong.
    pub edited: Vec<(String, String)>,
}

/// Why a module cannot be read: which file or folder, and the problem.
pub struct ModuleError {
    pub subject: String,
    pub problem: String,
}

fn error(subject: impl std::fmt::Display, problem: impl std::fmt::Display) -> ModuleError {
    ModuleError {
        subject: subject.to_string(),
        problem: problem.to_string(),
    }
}

impl PlannedModule {
    /// A module from its files, and from those before.
    ///
    /// # Errors
    /// When a file is no Terraform configuration.
    pub fn of(
        before: &FileSet,
        now: &FileSet,
        edited: Vec<(String, String)>,
    ) -> Result<Self, ModuleError> {
        let read = |files: &FileSet| {
            Module::read(files, "").map_err(|problem| {
                // The problem begins with the file.
                let (file, problem) = problem.split_once(": ").unwrap_or(("module", &problem));
                error(file, problem.lines().next().unwrap_or_default())
            })
        };
        // What was broken before protected nothing.
        let before = read(before).map_or_else(|_| BTreeMap::new(), |module| module.lifecycles());
        let now = read(now)?;
        let lifecycles = now.lifecycles().into_iter();
        Ok(Self {
            lifecycles: lifecycles
                .map(|(address, lifecycle)| {
                    let was = before.get(&address).cloned();
                    (address, (was, lifecycle))
                })
                .collect(),
            addresses: now.addresses(),
            edited,
        })
    }
}

/// The `.tf` files of a folder, by name.
///
/// # Errors
/// When the folder or a file cannot be read, or there is none.
pub fn files(folder: &Path) -> Result<FileSet, ModuleError> {
    let mut files = FileSet::new();
    let entries = std::fs::read_dir(folder).map_err(|problem| error(folder.display(), problem))?;
    for entry in entries {
        let path = entry
            .map_err(|problem| error(folder.display(), problem))?
            .path();
        if path.extension().is_none_or(|found| found != "tf") {
            continue;
        }
        let read = load::read(&path).map_err(|problem| error(&problem.path, &problem.problem))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.insert(name.into_owned(), read.text);
    }
    if files.is_empty() {
        return Err(error(folder.display(), "it has no .tf file"));
    }
    Ok(files)
}

/// The `.tf` files of the same folder at a commit; none where it was not there.
///
/// # Errors
/// What git says.
pub fn files_at(repository: &Repository, commit: &str) -> Result<FileSet, super::git::GitError> {
    let mut files = FileSet::new();
    for name in repository.names(commit)? {
        if Path::new(&name)
            .extension()
            .is_none_or(|found| found != "tf")
        {
            continue;
        }
        if let Some(text) = repository.read(commit, &name)? {
            files.insert(name, text);
        }
    }
    Ok(files)
}

/// Files of a module that differ from what valet-gen wrote, by its manifest in a folder above. None
/// where there is no manifest: somebody else's module.
///
/// # Errors
/// When the manifest cannot be read.
pub fn edited(folder: &Path, files: &FileSet) -> Result<Vec<(String, String)>, ModuleError> {
    let whole = folder
        .canonicalize()
        .map_err(|problem| error(folder.display(), problem))?;
    let Some(root) = whole
        .ancestors()
        .take(MAX_DEPTH)
        .find(|above| above.join(MANIFEST).is_file())
    else {
        return Ok(Vec::new());
    };
    let stored =
        Manifest::read(root).map_err(|problem| error(root.join(MANIFEST).display(), problem))?;
    let Some(stored) = stored else {
        return Ok(Vec::new());
    };
    let below = whole.strip_prefix(root).unwrap_or(Path::new(""));
    let shown = |name: &str| folder.join(name).display().to_string();
    let mut found = Vec::new();
    for (path, known) in &stored.manifest.files {
        let path = Path::new(path);
        let is_of_module = path.parent() == Some(below)
            && path.extension().is_some_and(|extension| extension == "tf");
        let Some(name) = path.file_name().filter(|_| is_of_module) else {
            continue;
        };
        let name = name.to_string_lossy();
        match files.get(name.as_ref()) {
            None => found.push((shown(&name), "it is missing".to_owned())),
            Some(text) if digest(text.as_bytes()) != *known => {
                found.push((
                    shown(&name),
                    "it was edited after it was rendered".to_owned(),
                ));
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

/// How far above a module the manifest may be: `generated/<environment>/terraform`.
const MAX_DEPTH: usize = 4;
