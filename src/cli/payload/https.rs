//! A file from a web server.

use std::io;
use std::path::Path;
use std::time::Duration;

use ureq::Agent;

use crate::tls::{NoAuthorities, tls_config};

/// The longest that a download takes.
const TIMEOUT: Duration = Duration::from_mins(30);

/// The largest file that is fetched, in bytes: AdsPower's package has some 300 MB.
const MAX_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Writes what is at an address to a file.
///
/// # Errors
/// What the server says, or why it cannot be reached.
pub fn fetch(address: &str, to: &Path) -> Result<(), String> {
    let agent = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .https_only(true)
        .user_agent(concat!("valet-gen/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls_config().map_err(|NoAuthorities| NoAuthorities::PROBLEM.to_owned())?)
        .build()
        .new_agent();
    let mut answer = agent
        .get(address)
        .call()
        .map_err(|error| error.to_string())?;
    let mut file = std::fs::File::create(to).map_err(|error| error.to_string())?;
    let mut body = answer.body_mut().with_config().limit(MAX_BYTES).reader();
    io::copy(&mut body, &mut file).map_err(|error| error.to_string())?;
    Ok(())
}
