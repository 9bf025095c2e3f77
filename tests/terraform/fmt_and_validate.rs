//! `terraform fmt` changes nothing and `terraform validate` accepts everything, in every root
//! module of the repository's fleet and of every fixture.

use std::fs;
use std::path::Path;

use crate::modules::{self, Module, Rendered};
use crate::trials::{Problem, Trials};
use crate::{providers, report, shared_provider};
use test_support::{folders, programs};

pub fn add(trials: &mut Trials) {
    add_fleet(trials, modules::committed());
    let fixtures = modules::fixtures().and_then(|fixtures| Ok((fixtures, modules::kinds()?)));
    let fixtures = match fixtures {
        Ok((fixtures, kinds)) => fixtures.into_iter().chain(kinds),
        Err(problem) => return trials.add("fixtures", &[], move || Err(problem.into())),
    };
    for fleet in fixtures {
        match modules::render_fixture(&fleet) {
            Ok(rendered) => add_fleet(trials, rendered),
            Err(problem) => {
                let name = format!("render {}", modules::fixture_name(&fleet));
                trials.add(name, &[], move || Err(problem.into()));
            }
        }
    }
}

fn add_fleet(trials: &mut Trials, rendered: Rendered) {
    let modules = match rendered.modules() {
        Ok(modules) if !modules.is_empty() => modules,
        Ok(_) => {
            return trials.add(format!("{} is empty", rendered.name), &[], || {
                Err(Problem::Failed("nothing was rendered".to_owned()))
            });
        }
        Err(problem) => return trials.add(rendered.name, &[], move || Err(problem.into())),
    };
    for module in modules {
        let name = format!("validate {} {}", rendered.name, module.name);
        let log = name.clone();
        trials.add(name, &["terraform"], move || Ok(validate(&module, &log)?));
    }
    let name = format!("fmt {}", rendered.name);
    trials.add(name, &["terraform"], move || Ok(fmt(&rendered)?));
}

fn fmt(rendered: &Rendered) -> Result<(), String> {
    let mut command = providers::terraform()?;
    command
        .args(["fmt", "-check", "-diff", "-recursive", "-no-color"])
        .arg(&rendered.folder);
    let finished = programs::run(&mut command, &format!("fmt {}", rendered.name))?;
    if !finished.status.success() {
        return Err(finished.explain("terraform fmt would change files"));
    }
    report::count("terraform fmt", "fleets unchanged", 1);
    Ok(())
}

/// Validates a copy, so that Terraform's own files never land among rendered ones.
pub fn validate(module: &Module, log: &str) -> Result<(), String> {
    let initialized = providers::initialized()?;
    let copy = folders::fresh(&format!(
        "terraform/validated/{}",
        log.replace([' ', '/'], "-")
    ))?;
    folders::copy_module(&module.folder, &copy)?;
    put_lock_file(&initialized.lock_file, &copy)?;
    let mut command = providers::terraform()?;
    command
        .current_dir(&copy)
        .env("TF_DATA_DIR", &initialized.data);
    shared_provider::attach(&mut command, providers::REGISTRY)?;
    command.args(["validate", "-json", "-no-color"]);
    let finished = programs::run(&mut command, log)?;
    let verdict: serde_json::Value = serde_json::from_str(&finished.stdout)
        .map_err(|error| finished.explain(&format!("it printed no JSON: {error}")))?;
    let warnings = verdict["warning_count"].as_u64();
    if verdict["valid"] != true || warnings != Some(0) {
        return Err(finished.explain("terraform validate found errors or warnings"));
    }
    report::count("terraform validate", "root modules valid", 1);
    Ok(())
}

/// Puts the shared lock file beside a module, which makes an `init` of its own unnecessary.
pub fn put_lock_file(lock_file: &Path, module: &Path) -> Result<(), String> {
    fs::copy(lock_file, module.join(".terraform.lock.hcl"))
        .map(|_| ())
        .map_err(|error| format!("{}: {error}", lock_file.display()))
}
