//! The programs that a bake with Packer takes on this machine.

use std::path::PathBuf;

use crate::error::{AwsError, ErrorKind};

/// Packer itself.
pub const PACKER: &str = "packer";

/// What carries Packer's session. Without it Packer asks for a new session twenty times a second, for a quarter of an
/// hour.
const SESSION_MANAGER_PLUGIN: &str = "session-manager-plugin";

/// Looks for both before anything is asked of AWS.
///
/// # Errors
/// When one of them is not on PATH.
pub fn look() -> Result<PathBuf, AwsError> {
    let packer = find(PACKER).ok_or_else(|| {
        missing(
            PACKER,
            "the fleet's image is built by Packer",
            "install Packer 1.10 or newer, https://developer.hashicorp.com/packer/install, or say `builder = \"imagebuilder\"` in [image]",
        )
    })?;
    find(SESSION_MANAGER_PLUGIN).ok_or_else(|| {
        missing(
            SESSION_MANAGER_PLUGIN,
            "Packer reaches its build host by Session Manager",
            "install the Session Manager plugin of the AWS CLI, https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
        )
    })?;
    Ok(packer)
}

fn missing(program: &str, reason: &str, help: &str) -> AwsError {
    AwsError::new(
        ErrorKind::Prerequisite,
        program,
        format!("it is not on PATH, and {reason}"),
        help,
    )
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
