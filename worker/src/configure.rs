//! `valet-worker configure`: gives a host the settings of its instance.
//!
//! systemd runs it as root before any service. An image belongs to no environment; what differs comes in the instance's
//! user data, which cloud-init writes to a file. This checks it, and writes what programs read of it: the agent's
//! configuration, the CloudWatch agent's, variables for units, times for systemd and the resolvers for the firewall.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use valet_protocol::config;
use valet_protocol::instance::{
    AgentSettings, CLOUDWATCH_PATH, CLOUDWATCH_TEMPLATE_PATH, IMAGE_PATH, InstanceSettings,
    MAX_BYTES, SETTINGS_PATH,
};
use valet_protocol::{Config, units};

use crate::error::AgentError;

/// The variables of the agent's and the runtime's units.
pub const ENVIRONMENT_PATH: &str = "/etc/valet/environment";

/// The ranges of the resolver, which /etc/nftables.conf includes.
pub const RESOLVERS_PATH: &str = "/etc/valet/resolvers.nft";

/// What there was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Configured,
    /// There are no settings: an instance that tests an image is part of no fleet.
    NoSettings,
}

/// Writes every file below this root folder, which is `/` on a host.
///
/// # Errors
/// When the settings are not what this agent understands, or a file cannot be read or written. Then nothing is written
/// of what depends on them.
pub fn write_files(root: &Path) -> Result<Outcome, AgentError> {
    let Some(text) = read_settings(&below(root, SETTINGS_PATH))? else {
        return Ok(Outcome::NoSettings);
    };
    let settings = InstanceSettings::parse(&text).map_err(|error| invalid(&error))?;
    let image_text = read(&below(root, IMAGE_PATH))?;
    let config = Config::of_parts(&image_text, &text).map_err(|error| invalid(&error))?;
    let mut files = vec![
        (config::PATH.to_owned(), worker_toml(&config)),
        (ENVIRONMENT_PATH.to_owned(), environment(&settings.agent)?),
        (
            RESOLVERS_PATH.to_owned(),
            resolvers(&settings.network.resolvers),
        ),
        stop_timeout(units::WORKER, settings.units.worker_stop_seconds),
        stop_timeout(units::RUNTIME, settings.units.runtime_stop_seconds),
    ];
    files.extend(cloudwatch(root, &settings)?);
    for (path, text) in files {
        write(&below(root, &path), &text)?;
    }
    Ok(Outcome::Configured)
}

/// The settings cannot be used.
fn invalid(reason: &dyn Display) -> AgentError {
    AgentError::new(format!(
        "{SETTINGS_PATH} is not valid for this agent: {reason}. It comes from the user data of the launch \
         template: render it with the valet-gen of the image's version, and apply"
    ))
}

/// Lets systemd and the kernel's firewall know.
///
/// # Errors
/// When one of the two refuses.
pub fn apply() -> Result<(), AgentError> {
    run("nft", &["-f", RESOLVERS_PATH])?;
    run("systemctl", &["daemon-reload"])
}

fn run(program: &str, arguments: &[&str]) -> Result<(), AgentError> {
    let failed = |why: String| AgentError::new(format!("{program} {}: {why}", arguments.join(" ")));
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!("{}: {}", output.status, said.trim())))
}

fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn read_settings(path: &Path) -> Result<Option<String>, AgentError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.len() > MAX_BYTES => {
            return Err(AgentError::new(format!(
                "{} has {} bytes, and user data has {MAX_BYTES} at the most",
                path.display(),
                metadata.len()
            )));
        }
        _ => {}
    }
    read(path).map(Some)
}

fn read(path: &Path) -> Result<String, AgentError> {
    fs::read_to_string(path).map_err(|error| {
        AgentError::new(format!(
            "{} cannot be read: {error}. The image installs it",
            path.display()
        ))
    })
}

fn worker_toml(config: &Config) -> String {
    let values = toml::to_string(config).unwrap_or_default();
    format!(
        "# Written at each start of this host, from {IMAGE_PATH} and {SETTINGS_PATH}.\n\n{values}"
    )
}

/// The names by which programs know where they are.
fn environment(agent: &AgentSettings) -> Result<String, AgentError> {
    let region = agent.region.as_deref().unwrap_or_default();
    let variables = [
        ("VALET_FLEET", agent.fleet.as_str()),
        ("VALET_ENVIRONMENT", agent.environment.as_str()),
        ("VALET_REGION", region),
    ];
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let mut text = String::new();
    for (name, value) in variables.into_iter().filter(|(_, value)| !value.is_empty()) {
        if !value.chars().all(is_plain) {
            return Err(invalid(&format_args!(
                "`{value}` is not the name of a fleet, an environment or a region"
            )));
        }
        text.push_str(&format!("{name}={value}\n"));
    }
    Ok(text)
}

/// Adds the ranges to the firewall's set, and makes the set where there is no firewall.
fn resolvers(ranges: &[String]) -> String {
    let mut text = "add table inet valet\nadd set inet valet resolvers { type ipv4_addr; flags interval; auto-merge; }\n".to_owned();
    if !ranges.is_empty() {
        text.push_str(&format!(
            "add element inet valet resolvers {{ {} }}\n",
            ranges.join(", ")
        ));
    }
    text
}

/// A drop-in of a unit, in memory: the next start of the host writes it again.
fn stop_timeout(unit: &str, seconds: u32) -> (String, String) {
    (
        format!("/run/systemd/system/{unit}.d/50-instance.conf"),
        format!("[Service]\nTimeoutStopSec={seconds}\n"),
    )
}

/// The CloudWatch agent's configuration, where the image has that agent.
fn cloudwatch(
    root: &Path,
    settings: &InstanceSettings,
) -> Result<Option<(String, String)>, AgentError> {
    let has_agent = below(root, CLOUDWATCH_PATH)
        .parent()
        .is_some_and(Path::is_dir);
    let template = below(root, CLOUDWATCH_TEMPLATE_PATH);
    if !has_agent || !template.exists() {
        return Ok(None);
    }
    let mut configuration: Value = serde_json::from_str(&read(&template)?).map_err(|error| {
        AgentError::new(format!(
            "{CLOUDWATCH_TEMPLATE_PATH} is not valid JSON: {error}"
        ))
    })?;
    settings.cloudwatch.fill(&mut configuration);
    let text = serde_json::to_string_pretty(&configuration).unwrap_or_default();
    Ok(Some((CLOUDWATCH_PATH.to_owned(), format!("{text}\n"))))
}

/// Writes a file whole or not at all; everybody may read it.
fn write(path: &Path, text: &str) -> Result<(), AgentError> {
    let written = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))?;
        file.persist(path)?;
        Ok(())
    };
    written()
        .map_err(|error| AgentError::new(format!("{} cannot be written: {error}", path.display())))
}

#[cfg(test)]
#[path = "configure_tests.rs"]
mod tests;
