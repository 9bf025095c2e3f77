//! OpenTofu accepts what is rendered for Terraform: `tofu validate` on `generated/` and on the fixture that
//! has every key, and on all fixtures in a deep run.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use test_support::judges::TOFU;
use test_support::{folders, is_deep, programs};

use crate::modules::{self, Module, Rendered};
use crate::trials::{Problem, Trials};
use crate::{providers, report, shared_provider};

/// The fixture that is validated in every run: it types every key of fleet.toml.
const FULL: &str = "golden-full";

/// The registry by which OpenTofu knows providers.
pub const REGISTRY: &str = "registry.opentofu.org";

pub fn add(trials: &mut Trials) {
    add_fleet(trials, || Ok(modules::committed()));
    let kinds = modules::kinds().unwrap_or_default();
    for fleet in modules::fixtures()
        .unwrap_or_default()
        .into_iter()
        .chain(kinds)
    {
        if is_deep() || modules::fixture_name(&fleet) == FULL {
            add_fleet(trials, move || modules::render_fixture(&fleet));
        }
    }
}

fn add_fleet(trials: &mut Trials, rendered: impl FnOnce() -> Result<Rendered, String>) {
    match rendered().and_then(|rendered| Ok((rendered.modules()?, rendered.name))) {
        Ok((modules, fleet)) => {
            for module in modules {
                let name = format!("tofu validate {fleet} {}", module.name);
                let log = name.clone();
                trials.add(name, &[], move || validate(&module, &log));
            }
        }
        Err(problem) => trials.add("tofu", &[], move || Err(problem.into())),
    }
}

/// Validates a copy, so that OpenTofu's own files never land among rendered ones.
fn validate(module: &Module, log: &str) -> Result<(), Problem> {
    let initialized = INITIALIZED.as_ref().map_err(Problem::clone)?;
    let copy = folders::fresh(&format!("tofu/validated/{}", log.replace([' ', '/'], "-")))?;
    folders::copy_module(&module.folder, &copy)?;
    crate::fmt_and_validate::put_lock_file(&initialized.lock_file, &copy)?;
    let mut command = initialized.tofu();
    command
        .current_dir(&copy)
        .env("TF_DATA_DIR", &initialized.data)
        .args(["validate", "-json", "-no-color"]);
    shared_provider::attach(&mut command, REGISTRY)?;
    let finished = programs::run(&mut command, log)?;
    let verdict: Value = serde_json::from_str(&finished.stdout)
        .map_err(|error| finished.explain(&format!("it printed no JSON: {error}")))?;
    if verdict["valid"] != true || verdict["warning_count"].as_u64() != Some(0) {
        return Err(finished
            .explain("tofu validate found errors or warnings")
            .into());
    }
    report::count("tofu validate", "root modules valid", 1);
    Ok(())
}

/// The one `tofu init` of all modules.
struct Initialized {
    program: PathBuf,
    /// Its configuration, where this machine has a mirror of the providers.
    configuration: Option<PathBuf>,
    /// The lock file, to be put beside each module.
    lock_file: PathBuf,
    /// The folder `.terraform`, for `TF_DATA_DIR`.
    data: PathBuf,
}

/// A `tofu` for any module.
pub fn command() -> Result<Command, Problem> {
    Ok(INITIALIZED.as_ref().map_err(Problem::clone)?.tofu())
}

/// The lock file of the provider that it found.
pub fn lock_file() -> Result<PathBuf, Problem> {
    let initialized = INITIALIZED.as_ref().map_err(Problem::clone)?;
    Ok(initialized.lock_file.clone())
}

static INITIALIZED: LazyLock<Result<Initialized, Problem>> = LazyLock::new(initialize);

impl Initialized {
    /// A `tofu` that finds its provider and asks nobody anything.
    fn tofu(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0");
        if let Some(configuration) = &self.configuration {
            command.env("TF_CLI_CONFIG_FILE", configuration);
        }
        command
    }
}

fn initialize() -> Result<Initialized, Problem> {
    let folder = folders::kept("tofu/init")?;
    let initialized = Initialized {
        program: TOFU.only_program()?,
        configuration: configuration()?,
        lock_file: folder.join(".terraform.lock.hcl"),
        data: folder.join(".terraform"),
    };
    let versions = folders::generated().join("account/terraform/versions.tf");
    folders::write(&folder.join("versions.tf"), &folders::read(&versions)?)?;
    let mut init = initialized.tofu();
    init.current_dir(&folder)
        .args(["init", "-backend=false", "-input=false", "-no-color"]);
    programs::run(&mut init, "tofu init")?.success()?;
    report::version("tofu", TOFU.module()?.version);
    Ok(initialized)
}

/// What a mirror of Terraform's registry is to OpenTofu: the same files under the name of its own
/// registry. Elsewhere OpenTofu downloads the provider.
fn configuration() -> Result<Option<PathBuf>, String> {
    let Some(mirror) = providers::mirror() else {
        return Ok(None);
    };
    let own = folders::fresh("tofu/mirror")?;
    // OpenTofu follows a link only where the folder of a platform is one.
    let provider = mirror.join(providers::REGISTRY).join(providers::PROVIDER);
    for version in folders::folders_in(&provider)? {
        let name = version.file_name().unwrap_or_default();
        let copy = own.join(REGISTRY).join(providers::PROVIDER).join(name);
        fs::create_dir_all(&copy).map_err(|error| format!("{}: {error}", copy.display()))?;
        for platform in folders::folders_in(&version)? {
            link(
                &platform,
                &copy.join(platform.file_name().unwrap_or_default()),
            )?;
        }
    }
    let file = folders::kept("tofu/configuration")?.join("tofu.rc");
    folders::write(&file, &providers::mirror_configuration(&own))?;
    Ok(Some(file))
}

fn link(original: &Path, link: &Path) -> Result<(), String> {
    symlink(original, link).map_err(|error| format!("{}: {error}", link.display()))
}
