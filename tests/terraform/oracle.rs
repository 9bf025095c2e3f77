//! `valet-gen diff` says what Terraform will do before there is a plan. Here Terraform is asked: the
//! staging environment and the account are applied to a mock of AWS once, and each change of
//! `oracle_cases.toml` is planned. Addresses, actions and replacements have to be the same, case by case,
//! and what Terraform refuses to destroy has to be what `diff` names.
//!
//! Some cases run every time; `VALET_REVIEW_DEEP=1` runs all, which takes half an hour, and writes
//! docs/review-report.md. `VALET_REVIEW_CASES=TEXT|TEXT` runs those whose name has one of the texts.

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

/// What is applied: the rendered folder of each.
const APPLIED: [&str; 2] = ["staging", "account"];

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
    #[serde(default)]
    replace: Vec<(String, String)>,
    /// What stands behind its last line.
    #[serde(default)]
    add: String,
    /// Arguments of `seed.py`, where the fleet needs something else to be there.
    #[serde(default)]
    seed: Vec<String>,
    /// Whether `prevent_destroy` forbids it, so that there is no plan.
    #[serde(default)]
    refused: bool,
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
    let rendered = work.join("rendered");
    let mut applied = Vec::new();
    for name in APPLIED {
        let folder = rendered.join(name).join("terraform");
        let module = RootModule::prepare(&format!("oracle-{name}"), &folder, &aws)?;
        module.apply()?;
        applied.push(Applied {
            name,
            folder,
            module,
        });
    }
    let cases = chosen()?;
    let mut findings = Vec::new();
    let mut rows = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let folder = work.join(index.to_string());
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let changed = folder.join("fleet.toml");
        folders::write(&changed, &case.changed(&text)?)?;
        if !case.seed.is_empty() {
            let arguments: Vec<&Path> = case.seed.iter().map(Path::new).collect();
            let _: Value = ask(&aws, "seed.py", &arguments)?;
        }
        let ours = said(&fleet, &changed)?;
        modules::render(&changed, &folder.join("rendered"))?;
        let mut compared = 0;
        for of in &applied {
            let now = folder.join("rendered").join(of.name).join("terraform");
            match of.compare(case, &ours, &now)? {
                Compared::Same(resources) => compared += resources,
                Compared::Differs(how) => {
                    findings.push(format!("{}, {}: {how}", case.name, of.name));
                }
            }
        }
        report::count(KIND, "resources compared", compared);
        rows.push((case.name.clone(), compared, ours.class));
    }
    report::count(KIND, "changes of fleet.toml", cases.len());
    if std::env::var_os("VALET_REVIEW_DEEP").is_some() {
        write_report(&rows, &findings)?;
    }
    if findings.is_empty() {
        return Ok(());
    }
    Err(Problem::Failed(findings.join("\n")))
}

/// A root module that is applied.
struct Applied<'a> {
    name: &'static str,
    /// What it was rendered to.
    folder: std::path::PathBuf,
    module: RootModule<'a>,
}

enum Compared {
    /// So many resources change.
    Same(usize),
    Differs(String),
}

impl Applied<'_> {
    fn compare(&self, case: &Case, ours: &Said, now: &Path) -> Result<Compared, String> {
        let of_this = ours
            .environments
            .get(self.name)
            .cloned()
            .unwrap_or_default();
        // The same files are the same plan, which end to end holds to be empty.
        if is_same(&self.folder, now)? {
            return Ok(match of_this.actions.len() {
                0 => Compared::Same(0),
                _ => Compared::Differs("nothing that is rendered differs".to_owned()),
            });
        }
        replace(&self.module.folder, now)?;
        if case.refused && !of_this.refused.is_empty() {
            let problem = self.module.refused("oracle-refused", &[])?;
            // Terraform wraps its lines, and frames them.
            let words: String = problem
                .chars()
                .filter(|letter| !" \n│".contains(*letter))
                .collect();
            let is_named = |address: &String| words.contains(address);
            return Ok(
                if words.contains("preventdestroy") || words.contains("prevent_destroy") {
                    match of_this.refused.iter().find(|address| !is_named(address)) {
                        None => Compared::Same(of_this.refused.len()),
                        Some(address) => Compared::Differs(format!(
                            "terraform does not name {address}: {problem}"
                        )),
                    }
                } else {
                    Compared::Differs(format!("it fails for another reason: {problem}"))
                },
            );
        }
        // One case that cannot be planned hides nothing of the others.
        if let Err(problem) = self.module.plan("oracle-plan") {
            return Ok(Compared::Differs(problem));
        }
        let planned: Actions = self
            .module
            .actions("oracle-plan")?
            .into_iter()
            .map(|(address, actions)| (address, word(&actions)))
            .collect();
        Ok(if of_this.actions == planned {
            Compared::Same(planned.len())
        } else {
            Compared::Differs(difference(&of_this.actions, &planned))
        })
    }
}

/// Whether two folders have the same module, and the same values of variables.
fn is_same(one: &Path, other: &Path) -> Result<bool, String> {
    for extension in ["tf", "json"] {
        let read = |folder: &Path| -> Result<BTreeMap<String, String>, String> {
            let files = folders::files_in(folder, extension)?.into_iter();
            files
                .map(|path| {
                    let name = path
                        .file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned();
                    Ok((name, folders::read(&path)?))
                })
                .collect()
        };
        if read(one)? != read(other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The report of all cases, which is committed.
fn write_report(rows: &[(String, usize, String)], findings: &[String]) -> Result<(), String> {
    let mut page = format!(
        "<!-- Written by `just review-deep`. -->\n\n# `diff` against Terraform\n\n\
         {} changes of this repository's fleet.toml, each planned by Terraform against what the unchanged fleet was applied to, \
         a mock of AWS. `valet-gen diff` says the same addresses, actions and replacements before there is a plan, and the \
         same resources where Terraform refuses to plan.\n\n\
         Deviations: {}.\n\n| change | class | resources that change |\n|---|---|---|\n",
        rows.len(),
        match findings.len() {
            0 => "none".to_owned(),
            _ => format!("{}, of {} changes", findings.len(), rows.len()),
        }
    );
    for (name, compared, class) in rows {
        page.push_str(&format!("| {name} | {class} | {compared} |\n"));
    }
    for finding in findings {
        page.push_str(&format!("\n- {finding}\n"));
    }
    folders::write(&folders::repository().join("docs/review-report.md"), &page)
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
    let named = std::env::var("VALET_REVIEW_CASES").ok();
    let is_chosen = |case: &Case| match &named {
        Some(texts) => texts.split('|').any(|text| case.name.contains(text)),
        None => deep || case.quick,
    };
    Ok(cases.case.into_iter().filter(is_chosen).collect())
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
        if !self.add.is_empty() {
            changed.push('\n');
            changed.push_str(&self.add);
        }
        Ok(changed)
    }
}

/// What `valet-gen diff` says.
struct Said {
    class: String,
    environments: BTreeMap<String, OfEnvironment>,
}

#[derive(Clone, Default)]
struct OfEnvironment {
    actions: Actions,
    /// Addresses that `prevent_destroy` protects.
    refused: Vec<String>,
}

fn said(before: &Path, after: &Path) -> Result<Said, String> {
    let mut command = Command::new(cli::program());
    command
        .arg("diff")
        .args([before, after])
        .args(["--format", "json"]);
    let text = programs::run(&mut command, "diff")?.success()?;
    let diff: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let environments = list(&diff["environments"]).into_iter().map(|one| {
        let resources = list(&one["resources"]).into_iter();
        let actions = resources
            .map(|resource| (text(&resource["address"]), text(&resource["action"])))
            .filter(|(_, action)| action != "no-op");
        let of = OfEnvironment {
            actions: actions.collect(),
            refused: list(&one["refused"]).iter().map(text).collect(),
        };
        (text(&one["environment"]), of)
    });
    Ok(Said {
        class: text(&diff["class"]),
        environments: environments.collect(),
    })
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
