//! `valet-gen diff` says what Terraform will do before there is a plan. Here Terraform is asked: the
//! staging environment is applied to a mock of AWS once, and each change of `oracle_cases.toml` is
//! planned. Addresses, actions and replacements have to be the same, case by case.
//!
//! Some cases run every time; `VALET_REVIEW_DEEP=1` runs all, which takes half an hour.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::questions::ask;
use crate::root_module::RootModule;
use crate::trials::{Problem, Trials};
use crate::{modules, report};
use test_support::mock_aws::MockAws;
use test_support::{cli, folders, programs};

const KIND: &str = "oracle";
const ENVIRONMENT: &str = "staging";

/// The file that only the mock needs, which stays in the module.
const OVERRIDE: &str = "mock_override.tf";

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Whether it is tried in every run.
    #[serde(default)]
    quick: bool,
    /// Texts of fleet.toml, and what takes their place.
    replace: Vec<(String, String)>,
}

/// What happens to each resource, by address.
type Actions = BTreeMap<String, String>;

pub fn add(trials: &mut Trials) {
    trials.add(
        "oracle: diff says what terraform plans",
        &["terraform"],
        run,
    );
}

fn run() -> Result<(), Problem> {
    let work = folders::fresh("terraform/oracle")?;
    let text = unprotected(&folders::read(&folders::repository().join("fleet.toml"))?)?;
    let fleet = work.join("fleet.toml");
    folders::write(&fleet, &text)?;
    let aws = MockAws::start()?;
    let _: Value = ask(&aws, "seed.py", &[])?;
    modules::render(&fleet, &work.join("rendered"))?;
    let rendered = work.join("rendered").join(ENVIRONMENT).join("terraform");
    let module = RootModule::prepare("oracle", &rendered, &aws)?;
    module.apply()?;
    let mut differing = Vec::new();
    let cases = chosen()?;
    for (index, case) in cases.iter().enumerate() {
        let folder = work.join(index.to_string());
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let changed = folder.join("fleet.toml");
        folders::write(&changed, &case.changed(&text)?)?;
        let ours = said(&fleet, &changed)?;
        modules::render(&changed, &folder.join("rendered"))?;
        replace(
            &module.folder,
            &folder.join("rendered").join(ENVIRONMENT).join("terraform"),
        )?;
        module.plan("oracle-plan")?;
        let planned = module.actions("oracle-plan")?;
        let planned: Actions = planned
            .into_iter()
            .map(|(address, actions)| (address, word(&actions)))
            .collect();
        if ours != planned {
            differing.push(format!("{}: {}", case.name, difference(&ours, &planned)));
        }
        report::count(KIND, "resources compared", planned.len());
    }
    report::count(KIND, "changes of fleet.toml", cases.len());
    if differing.is_empty() {
        return Ok(());
    }
    Err(Problem::Failed(differing.join("\n")))
}

/// The fleet without `prevent_destroy`, with which Terraform makes no plan of what it would destroy.
fn unprotected(text: &str) -> Result<String, String> {
    let table = "[terraform]\n";
    if !text.contains(table) {
        return Err("fleet.toml has no table [terraform]".to_owned());
    }
    Ok(text.replacen(table, &format!("{table}protect = false\n"), 1))
}

fn chosen() -> Result<Vec<Case>, String> {
    let file = folders::repository().join("tests/terraform/oracle_cases.toml");
    let cases: Cases = toml::from_str(&folders::read(&file)?).map_err(|error| error.to_string())?;
    let deep = std::env::var_os("VALET_REVIEW_DEEP").is_some();
    Ok(cases
        .case
        .into_iter()
        .filter(|case| deep || case.quick)
        .collect())
}

impl Case {
    fn changed(&self, text: &str) -> Result<String, String> {
        let mut changed = text.to_owned();
        for (before, after) in &self.replace {
            if !changed.contains(before) {
                return Err(format!(
                    "{}: fleet.toml has no {before:?} to change",
                    self.name
                ));
            }
            changed = changed.replace(before, after);
        }
        Ok(changed)
    }
}

/// What `valet-gen diff` says.
fn said(before: &Path, after: &Path) -> Result<Actions, String> {
    let mut command = Command::new(cli::program());
    command
        .arg("diff")
        .args([before, after])
        .args(["--format", "json"]);
    let text = programs::run(&mut command, "diff")?.success()?;
    let diff: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let environments = diff["environments"].as_array().into_iter().flatten();
    let of_environment = environments.filter(|one| one["environment"] == ENVIRONMENT);
    Ok(of_environment
        .flat_map(|one| one["resources"].as_array().into_iter().flatten())
        .map(|resource| {
            let text = |key: &str| resource[key].as_str().unwrap_or_default().to_owned();
            (text("address"), text("action"))
        })
        .collect())
}

/// Puts other rendered files in place of all that are there.
fn replace(folder: &Path, rendered: &Path) -> Result<(), String> {
    for old in folders::files_in(folder, "tf")? {
        if old.file_name().is_some_and(|name| name != OVERRIDE) {
            fs::remove_file(&old).map_err(|error| error.to_string())?;
        }
    }
    folders::copy_module(rendered, folder)
}

/// Terraform's actions as one word.
fn word(actions: &[String]) -> String {
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    match actions.as_slice() {
        ["delete"] => "destroy".to_owned(),
        ["delete", "create"] | ["create", "delete"] => "replace".to_owned(),
        other => other.join(" "),
    }
}

fn difference(ours: &Actions, planned: &Actions) -> String {
    let mut lines = Vec::new();
    for address in ours.keys().chain(planned.keys()) {
        let (said, does) = (ours.get(address), planned.get(address));
        let line = format!("{address}: diff says {said:?}, terraform {does:?}");
        if said != does && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.join("; ")
}
