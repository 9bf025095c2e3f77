//! checkov finds nothing to object to, and what it is told to skip comes from one registry.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use valet_gen::catalog::checkov::SKIPS;

use crate::modules::{self, Rendered};
use crate::trials::{Problem, Trials};
use crate::{folders, programs, python, report};

const KIND: &str = "checkov";

/// A fixture with what the repository's own fleet does not have.
const FIXTURE: &str = "tests/fleets/golden-full.toml";

pub fn add(trials: &mut Trials) {
    trials.add("checkov generated", &[], || {
        let found = run(&modules::committed())?;
        Ok(every_entry_is_used(&found)?)
    });
    trials.add("checkov full", &[], || {
        let rendered = modules::render_fixture(&folders::repository().join(FIXTURE))?;
        run(&rendered).map(|_| ())
    });
    trials.add(
        "checkov skips are written in the registry only",
        &[],
        || Ok(no_template_skips(&folders::repository().join("templates"))?),
    );
}

/// A skipped check: its id and the reason beside the resource.
type Skipped = BTreeSet<(String, String)>;

fn run(rendered: &Rendered) -> Result<Skipped, Problem> {
    let mut command = python::program("checkov")?;
    command.arg("--directory").arg(&rendered.folder);
    command.args([
        "--framework",
        "terraform",
        "--output",
        "json",
        "--compact",
        "--skip-download",
    ]);
    let finished = programs::run(&mut command, &format!("checkov {}", rendered.name))?;
    let printed: Value = serde_json::from_str(&finished.stdout)
        .map_err(|error| finished.explain(&format!("it printed no JSON: {error}")))?;
    report::version(
        KIND,
        printed["summary"]["checkov_version"]
            .as_str()
            .unwrap_or("?"),
    );
    Ok(judge(&printed["results"])?)
}

fn judge(results: &Value) -> Result<Skipped, String> {
    let list = |name: &str| results[name].as_array().cloned().unwrap_or_default();
    let (passed, failed, skipped) = (
        list("passed_checks"),
        list("failed_checks"),
        list("skipped_checks"),
    );
    let unread = list("parsing_errors");
    report::count(KIND, "checks passed", passed.len());
    report::count(KIND, "failed", failed.len());
    report::count(KIND, "skipped with a reason", skipped.len());
    if !unread.is_empty() {
        return Err(format!("checkov could not read {unread:?}"));
    }
    if passed.is_empty() {
        return Err("checkov looked at nothing".to_owned());
    }
    if !failed.is_empty() {
        return Err(failed.iter().map(describe).collect::<Vec<_>>().join("\n"));
    }
    let skipped: Skipped = skipped
        .iter()
        .map(|check| {
            (
                text(&check["check_id"]),
                text(&check["check_result"]["suppress_comment"]),
            )
        })
        .collect();
    let registered = registered();
    let strangers: Vec<_> = skipped.difference(&registered).collect();
    if strangers.is_empty() {
        Ok(skipped)
    } else {
        Err(format!(
            "skipped, and not as src/catalog/checkov.rs says: {strangers:#?}"
        ))
    }
}

fn every_entry_is_used(found: &Skipped) -> Result<(), String> {
    let registered = registered();
    let unused: Vec<_> = registered.difference(found).collect();
    if unused.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "in src/catalog/checkov.rs, and nothing rendered needs it: {unused:#?}"
        ))
    }
}

fn registered() -> Skipped {
    SKIPS
        .iter()
        .map(|skip| (skip.check.to_owned(), skip.reason.to_owned()))
        .collect()
}

/// A reason that is typed in a template would be a second place to keep it.
fn no_template_skips(folder: &Path) -> Result<(), String> {
    for inner in folders::folders_in(folder)? {
        no_template_skips(&inner)?;
    }
    for template in folders::files_in(folder, "hbs")? {
        if folders::read(&template)?.contains("checkov:skip") {
            return Err(format!(
                "{}: use the helper checkov_skip",
                template.display()
            ));
        }
    }
    Ok(())
}

fn describe(check: &Value) -> String {
    let [id, name, file, resource] =
        ["check_id", "check_name", "file_path", "resource"].map(|key| text(&check[key]));
    format!("{id} {name}: {resource} in {file}")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
