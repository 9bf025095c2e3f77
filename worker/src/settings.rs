//! Where the configuration comes from.

use std::path::Path;

use valet_protocol::Config;

use crate::failure::Failure;

/// Reads and checks `worker.toml`.
///
/// # Errors
///
/// What is wrong with the file, where, and what to do.
pub fn read(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(format!(
            "{} cannot be read: {error}. valet-gen renders it and the image installs it; name \
             another place with --config",
            path.display()
        ))
    })?;
    Config::parse(&text).map_err(|error| {
        Failure::new(format!(
            "{} is not what this agent understands:\n{error}\nRender it with the valet-gen that \
             belongs to this agent",
            path.display()
        ))
    })
}
