//! The agent of this version, where fleet.toml names none.

use std::path::PathBuf;

use crate::derive::payload::AGENT;

/// The agent that lies beside this program: a release has both, and so has a workspace that was built. `None` where it
/// is not there, or is for another architecture.
pub fn beside_this_program(architecture: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let agent = own.parent()?.join(AGENT);
    (architecture == std::env::consts::ARCH.replace("aarch64", "arm64") && agent.is_file())
        .then_some(agent)
}
