//! Bringing a folder to a rendering.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::compare::{is_taken_over, orphans};
use super::error::WriteError;
use super::file;
use super::lock::Lock;
use super::manifest::{self, StoredManifest};
use super::manifest::{MANIFEST, Manifest};
use super::output_dir::Obstacle;
use super::output_dir::{FileState, OutputDir};
use super::rendering::Rendering;

/// What [`write`] did, as paths relative to the output folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteSummary {
    pub created: Vec<String>,
    pub updated: Vec<String>,
    pub removed: Vec<String>,
    /// How many files were there as rendered.
    pub unchanged: usize,
}

impl WriteSummary {
    /// Whether the disk was left as it was.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.created.is_empty() && self.updated.is_empty() && self.removed.is_empty()
    }
}

/// What [`write`] may do beside bringing its own files up to date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Overwrite files that valet-gen did not write, replace a manifest that is none, and render
    /// over what a newer version wrote.
    pub force: bool,
    /// Remove what the fleet no longer has as a whole: environments, or another fleet.
    pub prune: bool,
}

/// Brings the folder to the rendered files: creates, updates, and removes what an earlier
/// rendering wrote and this one has no more. Files that no rendering wrote are never removed.
///
/// # Errors
/// When something is in the way, more would be removed than `options` allow, or the disk refuses.
/// Only in the last case something may have been written.
pub fn write(
    folder: &Path,
    rendering: &Rendering<'_>,
    options: WriteOptions,
) -> Result<WriteSummary, WriteError> {
    if let Some(outside) = rendering
        .files
        .keys()
        .find(|path| !manifest::is_inside(path))
    {
        return Err(WriteError::Outside(outside.clone()));
    }
    make(folder)?;
    let _lock = Lock::exclusive(folder).map_err(|source| WriteError::Io {
        path: folder.to_owned(),
        source,
    })?;
    let stored = match Manifest::read(folder) {
        Err(WriteError::BrokenManifest { path, .. }) if options.force && !path.is_symlink() => None,
        other => other?,
    };
    let old = stored.as_ref().map(|stored| &stored.manifest);
    let mut disk = OutputDir::new(folder);
    if let Some(old) = old {
        refuse_newer(folder, old, options)?;
        refuse_other_fleet(folder, old, rendering, options)?;
        refuse_vanishing(&mut disk, folder, old, rendering, options)?;
    }
    let update = Update::plan(&mut disk, folder, rendering, old, options)?;
    update.carry_out(folder)?;
    let new = StoredManifest {
        manifest: Manifest::of(rendering, old),
        is_conflicted: false,
    };
    if stored.as_ref() != Some(&new) {
        file::write_atomically(&folder.join(MANIFEST), new.manifest.to_json().as_bytes())?;
    }
    Ok(update.summary)
}

/// Makes the folder where there is none.
fn make(folder: &Path) -> Result<(), WriteError> {
    let Err(source) = fs::create_dir_all(folder) else {
        return Ok(());
    };
    let blocked = |obstacle| WriteError::Blocked {
        path: folder.to_owned(),
        obstacle,
    };
    Err(match fs::symlink_metadata(folder) {
        Ok(found) if found.is_symlink() => blocked(Obstacle::LinkForFolder),
        Ok(found) if !found.is_dir() => blocked(Obstacle::FileForFolder),
        _ => WriteError::Folder {
            path: folder.to_owned(),
            source,
        },
    })
}

/// What a newer version renders may be what the reviewed plan needs: it is not taken back unasked.
fn refuse_newer(folder: &Path, old: &Manifest, options: WriteOptions) -> Result<(), WriteError> {
    if options.force || !old.is_newer() {
        return Ok(());
    }
    Err(WriteError::NewerVersion {
        path: folder.join(MANIFEST),
        written_by: old.valet_gen.clone(),
    })
}

fn refuse_other_fleet(
    folder: &Path,
    old: &Manifest,
    rendering: &Rendering<'_>,
    options: WriteOptions,
) -> Result<(), WriteError> {
    match old.other_fleet(rendering.fleet) {
        Some(holds) if !options.prune => Err(WriteError::OtherFleet {
            folder: folder.to_owned(),
            holds: holds.to_owned(),
            fleet: rendering.fleet.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Terraform destroys what stands no longer in its folder: that is never a side effect of a line
/// in fleet.toml.
fn refuse_vanishing(
    disk: &mut OutputDir<'_>,
    folder: &Path,
    old: &Manifest,
    rendering: &Rendering<'_>,
    options: WriteOptions,
) -> Result<(), WriteError> {
    if options.prune {
        return Ok(());
    }
    let vanishing: Vec<&String> = orphans(old, rendering)
        .filter(|path| rendering.lacks_the_folder_of(path) && disk.has_file(path))
        .collect();
    if vanishing.is_empty() {
        return Ok(());
    }
    let environments: BTreeSet<&str> = vanishing
        .iter()
        .filter_map(|path| path.split('/').next())
        .collect();
    Err(WriteError::Vanishing {
        folder: folder.to_owned(),
        environments: environments.into_iter().map(str::to_owned).collect(),
        files: vanishing.len(),
    })
}

/// What is to be done to a folder, known before anything is touched.
struct Update<'w> {
    summary: WriteSummary,
    /// Files to create or to replace.
    writes: Vec<(&'w str, &'w str)>,
    /// What no rendering has any more. `true` where the file is still there.
    orphans: Vec<(&'w str, bool)>,
    /// Every folder that holds files of a rendering.
    folders: BTreeSet<&'w str>,
    /// The manifest to begin with, where files come that the old one does not know.
    first: Option<Manifest>,
}

impl<'w> Update<'w> {
    fn plan(
        disk: &mut OutputDir<'_>,
        folder: &Path,
        rendering: &Rendering<'w>,
        old: Option<&'w Manifest>,
        options: WriteOptions,
    ) -> Result<Self, WriteError> {
        let mut update = Self {
            summary: WriteSummary::default(),
            writes: Vec::new(),
            orphans: Vec::new(),
            // The manifest is in the output folder itself.
            folders: BTreeSet::from([""]),
            first: None,
        };
        update.plan_puts(disk, folder, rendering, old, options)?;
        update.plan_removals(disk, folder, rendering, old);
        let old_files = old.into_iter().flat_map(|old| old.files.keys());
        let known = rendering.files.keys().chain(old_files);
        for path in known.filter(|path| rendering.scope.covers(path)) {
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            if disk.has_folder(above) {
                update.folders.insert(above);
            }
        }
        update.first = Manifest::before(rendering.fleet, old, &update.writes);
        Ok(update)
    }

    fn plan_puts(
        &mut self,
        disk: &mut OutputDir<'_>,
        folder: &Path,
        rendering: &Rendering<'w>,
        old: Option<&Manifest>,
        options: WriteOptions,
    ) -> Result<(), WriteError> {
        let mut in_the_way = Vec::new();
        for (path, text) in rendering.files() {
            let is_ours = old.is_some_and(|old| old.files.contains_key(path));
            match disk.inspect(path, text.as_bytes()) {
                FileState::Same => self.summary.unchanged += 1,
                FileState::Missing => self.plan_write(path, text, true),
                FileState::Unreadable(at, source) if at != folder.join(path) => {
                    return Err(WriteError::Io { path: at, source });
                }
                FileState::Different | FileState::Unreadable(..) if is_ours => {
                    self.plan_write(path, text, false);
                }
                FileState::Different
                | FileState::Unreadable(..)
                | FileState::Obstacle(_, Obstacle::LinkForFile) => {
                    if !options.force || rendering.own_files.declares(path) {
                        in_the_way.push(folder.join(path));
                    }
                    self.plan_write(path, text, false);
                }
                FileState::Obstacle(path, obstacle) => {
                    return Err(WriteError::Blocked { path, obstacle });
                }
            }
        }
        if in_the_way.is_empty() {
            Ok(())
        } else {
            Err(WriteError::Foreign(in_the_way))
        }
    }

    fn plan_removals(
        &mut self,
        disk: &mut OutputDir<'_>,
        folder: &Path,
        rendering: &Rendering<'_>,
        old: Option<&'w Manifest>,
    ) {
        let Some(old) = old else {
            return;
        };
        for path in orphans(old, rendering) {
            let is_there = disk.has_file(path);
            if is_there && is_taken_over(folder, path, rendering, Some(old)) {
                continue;
            }
            if is_there {
                self.summary.removed.push(path.clone());
            }
            self.orphans.push((path, is_there));
        }
    }

    fn plan_write(&mut self, path: &'w str, text: &'w str, is_new: bool) {
        let list = if is_new {
            &mut self.summary.created
        } else {
            &mut self.summary.updated
        };
        list.push(path.to_owned());
        self.writes.push((path, text));
    }

    fn carry_out(&self, folder: &Path) -> Result<(), WriteError> {
        for within in &self.folders {
            file::remove_temporary_files(&folder.join(within))?;
        }
        if let Some(first) = &self.first {
            file::write_atomically(&folder.join(MANIFEST), first.to_json().as_bytes())?;
        }
        for (path, text) in &self.writes {
            file::write_atomically(&folder.join(path), text.as_bytes())?;
        }
        for (orphan, is_there) in &self.orphans {
            if *is_there {
                file::remove(&folder.join(orphan))?;
            }
            file::remove_empty_above(folder, orphan);
        }
        Ok(())
    }
}
