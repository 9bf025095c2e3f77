//! Terraform and its provider: a mirror where this machine has one, a download elsewhere, and one
//! `terraform init` for all modules that are only validated.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::report;
pub use test_support::terraform::{PROVIDER, REGISTRY, mirror, mirror_configuration};
use test_support::{folders, programs};

/// What every `terraform` knows of providers.
struct Configuration {
    variables: Vec<(&'static str, PathBuf)>,
    removed: Vec<&'static str>,
}

static CONFIGURATION: LazyLock<Result<Configuration, String>> = LazyLock::new(configure);

/// A `terraform` that finds its provider, asks nobody anything and sends nothing home.
pub fn terraform() -> Result<Command, String> {
    let configuration = CONFIGURATION.as_ref().map_err(Clone::clone)?;
    let mut command = Command::new("terraform");
    command
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
        .env("TF_INPUT", "0");
    command.envs(
        configuration
            .variables
            .iter()
            .map(|(name, value)| (name, value)),
    );
    for variable in &configuration.removed {
        command.env_remove(variable);
    }
    Ok(command)
}

/// The one `terraform init` of all modules that are only validated.
pub struct Initialized {
    /// The lock file, to be put beside each module.
    pub lock_file: PathBuf,
    /// The folder `.terraform`, for `TF_DATA_DIR`.
    pub data: PathBuf,
}

static INITIALIZED: LazyLock<Result<Initialized, String>> = LazyLock::new(initialize);

pub fn initialized() -> Result<&'static Initialized, String> {
    INITIALIZED.as_ref().map_err(Clone::clone)
}

fn initialize() -> Result<Initialized, String> {
    let folder = folders::kept("terraform/init")?;
    let versions = folders::generated().join("account/terraform/versions.tf");
    folders::write(&folder.join("versions.tf"), &folders::read(&versions)?)?;
    let mut init = terraform()?;
    init.current_dir(&folder)
        .args(["init", "-backend=false", "-input=false", "-no-color"]);
    programs::run(&mut init, "init")?.success()?;

    let mut version = terraform()?;
    version.current_dir(&folder).args(["version", "-json"]);
    let text = programs::run(&mut version, "version")?.success()?;
    let versions: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("terraform version: {error}"))?;
    let provider = &versions["provider_selections"][format!("{REGISTRY}/{PROVIDER}")];
    report::version(
        "terraform",
        versions["terraform_version"].as_str().unwrap_or("?"),
    );
    report::version("terraform's AWS provider", provider.as_str().unwrap_or("?"));
    Ok(Initialized {
        lock_file: folder.join(".terraform.lock.hcl"),
        data: folder.join(".terraform"),
    })
}

fn configure() -> Result<Configuration, String> {
    let file = folders::kept("terraform/configuration")?.join("terraform.rc");
    if let Some(mirror) = mirror() {
        folders::write(&file, &mirror_configuration(&mirror))?;
        return Ok(Configuration {
            variables: vec![("TF_CLI_CONFIG_FILE", file)],
            removed: Vec::new(),
        });
    }
    // Downloaded once, whatever the user's own configuration says besides.
    let cache = folders::kept("terraform/providers")?;
    let own = env::var_os("TF_CLI_CONFIG_FILE").map(PathBuf::from);
    let is_stale = own.is_some_and(|own| !own.is_file());
    Ok(Configuration {
        variables: vec![("TF_PLUGIN_CACHE_DIR", cache)],
        removed: if is_stale {
            vec!["TF_CLI_CONFIG_FILE"]
        } else {
            Vec::new()
        },
    })
}
