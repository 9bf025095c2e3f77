//! Where the configuration comes from.

use std::path::Path;

use valet_protocol::Config;

use crate::error::AgentError;

/// Reads and checks `worker.toml`.
///
/// # Errors
///
/// What is wrong with the file, where, and what to do.
pub fn read(path: &Path) -> Result<Config, AgentError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        AgentError::new(format!(
            "{} cannot be read: {error}. valet-configure.service writes it; pass another path \
             with --config",
            path.display()
        ))
    })?;
    Config::parse(&text).map_err(|error| {
        AgentError::new(format!(
            "{} is not valid for this agent:\n{error}\nRender it with the \
             valet-gen of the same version",
            path.display()
        ))
    })
}
