//! What `valet-gen render` says where it may not write.

use super::Exit;
use super::exit::{file_error, internal_error};
use crate::write::{Difference, WriteError};

/// Reports why nothing, or not everything, was written.
pub fn report_write_error(error: &WriteError) -> Exit {
    match error {
        WriteError::Outside(_) => return internal_error(&format!("{} {error}", error.subject())),
        // All of them, so that they can be moved at once.
        WriteError::Foreign(paths) => {
            for path in paths {
                file_error(&path.display(), error, &help(error));
            }
        }
        _ => {
            file_error(&error.subject(), error, &help(error));
        }
    }
    exit(error)
}

fn exit(error: &WriteError) -> Exit {
    match error {
        WriteError::OtherFleet { .. } | WriteError::Vanishing { .. } => Exit::InvalidFleet,
        WriteError::NewerVersion { .. } => Exit::Drift(Difference::OtherVersion),
        _ => Exit::Io,
    }
}

/// What to do about it.
fn help(error: &WriteError) -> String {
    match error {
        WriteError::Foreign(_) => {
            "move it, choose another folder with --out, or overwrite it with --force, which spares \
             only what terraform.own_files declares"
                .to_owned()
        }
        WriteError::Blocked { .. } => "move it, or choose another folder with --out".to_owned(),
        WriteError::BrokenManifest { .. } => {
            "restore it from version control; or render with --force, which writes it again and \
             leaves files that are no longer rendered to you"
                .to_owned()
        }
        WriteError::UnreadableManifest { .. } => "make it readable".to_owned(),
        WriteError::NewerVersion { written_by, .. } => format!(
            "use valet-gen {written_by} or newer, or render over it with --force; nothing was written"
        ),
        WriteError::OtherFleet { holds, .. } => format!(
            "choose another folder with --out; or, if this fleet takes the place of `{holds}`, \
             remove the files of `{holds}` with --prune; nothing was written"
        ),
        WriteError::Vanishing {
            environments,
            files,
            ..
        } => vanishing_help(environments, *files),
        WriteError::Folder { .. } => {
            "choose a folder that can be made, with --out; nothing was written".to_owned()
        }
        WriteError::Io { .. } | WriteError::Outside(_) => {
            "make the folder writable; what was already written is whole, and the next run goes on"
                .to_owned()
        }
    }
}

/// The first `[environments.<name>]` takes the place of the environment that a file without any
/// has: that is how most environments vanish.
fn vanishing_help(environments: &[String], files: usize) -> String {
    let files = if files == 1 {
        "its file".to_owned()
    } else {
        format!("the {files} files")
    };
    let implicit = if environments.iter().any(|name| name == IMPLICIT) {
        format!(
            "; a fleet.toml with [environments.<name>] has no `{IMPLICIT}` unless it says \
             [environments.{IMPLICIT}]"
        )
    } else {
        String::new()
    };
    format!(
        "destroy with Terraform what it stands for, then remove {files} with --prune{implicit}; \
         nothing was written"
    )
}

/// The environment of a file that names none.
const IMPLICIT: &str = "production";
