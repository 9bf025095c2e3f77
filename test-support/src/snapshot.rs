//! Snapshots: all are in `snapshots/` of the repository, below a folder for each subject.

use std::path::PathBuf;

use insta::Settings;

use crate::folders::repository;

/// The folder of the snapshots of a subject. `""` is the one that has all of them.
pub fn folder(subject: &str) -> PathBuf {
    repository().join("snapshots").join(subject)
}

/// How a snapshot of this subject is compared: it is a file of its own name, which holds the text
/// and not the expression that made it.
pub fn settings(subject: &str) -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path(folder(subject));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}
