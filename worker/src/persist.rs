//! What a restarted agent has to know, in files of the runtime directory.
//!
//! The directory is in memory: a boot empties it, which ends everything that is kept, and a full
//! disk does not touch it. Systemd keeps it over restarts of the agent.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use valet_protocol::Config;

/// The drain under way.
pub const DRAIN: &str = "drain.json";
/// That the launch lifecycle hook is completed.
pub const LAUNCH_HOOK: &str = "launch-hook.json";
/// The runtime's registration and its leases.
pub const LEASES: &str = "leases.json";
/// When Hatchet heard of the runtime last.
pub const HEARD: &str = "heard.json";
/// The enrolment with the control plane, with this instance's token, and its orders.
pub const ENROLMENT: &str = "enrolment.json";
/// Sessions that the control plane has not acknowledged.
pub const ENDED_SESSIONS: &str = "ended-sessions.json";

fn place(config: &Config, name: &str) -> PathBuf {
    Path::new(&config.paths.runtime_directory).join(name)
}

/// What was kept, if anything. A file that cannot be read is as good as none: it is logged, and the
/// host is looked at afresh.
pub fn read<T: DeserializeOwned>(config: &Config, name: &str) -> Option<T> {
    let place = place(config, name);
    let text = match std::fs::read(&place) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(place = %place.display(), %error, "the saved state cannot be read; starting without it");
            return None;
        }
    };
    serde_json::from_slice(&text)
        .inspect_err(|error| {
            tracing::warn!(place = %place.display(), %error, "the saved state is invalid; starting without it");
        })
        .ok()
}

/// Keeps it, whole or not at all. A failure is logged: the agent goes on, and only one that is
/// killed before the next change would miss it.
pub fn write<T: Serialize>(config: &Config, name: &str, value: &T) {
    let place = place(config, name);
    let written = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&config.paths.runtime_directory)?;
        serde_json::to_writer(&mut file, value)?;
        file.flush()?;
        file.persist(&place)?;
        Ok(())
    };
    if let Err(error) = written() {
        tracing::error!(place = %place.display(), %error, "the state cannot be saved; a restarted agent would not know of it");
    }
}

/// Forgets it.
pub fn forget(config: &Config, name: &str) {
    let place = place(config, name);
    match std::fs::remove_file(&place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::error!(place = %place.display(), %error, "the saved state cannot be deleted");
        }
        _ => {}
    }
}
