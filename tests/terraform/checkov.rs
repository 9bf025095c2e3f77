//! checkov finds nothing to object to, and what it skips comes from one registry.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;
use valet_gen::catalog::accepted_findings::ACCEPTED_FINDINGS;

use crate::modules::{self, Rendered};
use crate::report;
use crate::trials::{Problem, Trials};
use test_support::{folders, programs, python};

const KIND: &str = "checkov";

/// A fixture with what the repository's own fleet does not have.
const FIXTURE: &str = "tests/fleets/golden-full.toml";

/// What the fixture asks for and a policy refuses: logs that are kept for less than a year.
const ASKED_FOR: &str = "CKV_AWS_338";

/// A skipped check: its id and the reason beside the resource.
type Skipped = BTreeSet<(String, String)>;

static OF_GENERATED: LazyLock<Result<Value, Problem>> =
    LazyLock::new(|| run(&modules::committed(), &[]));
static OF_KINDS: LazyLock<Result<Value, Problem>> = LazyLock::new(|| {
    let kinds = folders::fresh("terraform/kinds-for-checkov")?;
    for fleet in modules::kinds()? {
        let name = modules::fixture_name(&fleet);
        modules::render(&fleet, &kinds.join(name))?;
    }
    let rendered = Rendered {
        name: "kinds".to_owned(),
        folder: kinds,
    };
    run(&rendered, &["--skip-check", ASKED_FOR])
});
static OF_FIXTURE: LazyLock<Result<Value, Problem>> = LazyLock::new(|| {
    let fixture = folders::repository().join(FIXTURE);
    run(
        &modules::render_fixture(&fixture)?,
        &["--skip-check", ASKED_FOR],
    )
});

pub fn add(trials: &mut Trials) {
    trials.add("checkov generated", &[], || Ok(judge(of(&OF_GENERATED)?)?));
    trials.add("checkov golden-full", &[], || Ok(judge(of(&OF_FIXTURE)?)?));
    trials.add("checkov kinds of fleets", &[], || {
        Ok(judge(of(&OF_KINDS)?)?)
    });
    trials.add("checkov uses every entry of the registry", &[], || {
        let found = [skipped(of(&OF_GENERATED)?), skipped(of(&OF_FIXTURE)?)].concat();
        Ok(every_entry_is_used(&found.into_iter().collect())?)
    });
}

fn of(run: &'static LazyLock<Result<Value, Problem>>) -> Result<&'static Value, Problem> {
    run.as_ref().map_err(Clone::clone)
}

fn run(rendered: &Rendered, options: &[&str]) -> Result<Value, Problem> {
    let mut command = python::command("checkov")?;
    command.arg("--directory").arg(&rendered.folder);
    command.args([
        "--framework",
        "terraform",
        "--output",
        "json",
        "--compact",
        "--skip-download",
    ]);
    command.args(options);
    let finished = programs::run(&mut command, &format!("checkov {}", rendered.name))?;
    let mut printed: Value = serde_json::from_str(&finished.stdout)
        .map_err(|error| finished.explain(&format!("it printed no JSON: {error}")))?;
    let version = printed["summary"]["checkov_version"].as_str();
    report::version(KIND, version.unwrap_or("?"));
    Ok(printed["results"].take())
}

fn judge(results: &Value) -> Result<(), String> {
    let list = |name: &str| results[name].as_array().cloned().unwrap_or_default();
    let (passed, failed) = (list("passed_checks"), list("failed_checks"));
    let (unread, skipped) = (list("parsing_errors"), skipped(results));
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
    let registered = registered();
    let strangers: Skipped = (skipped.into_iter())
        .filter(|skip| !registered.contains(skip))
        .collect();
    if strangers.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "skipped, and not as src/catalog/accepted_findings.rs says: {strangers:#?}"
        ))
    }
}

fn skipped(results: &Value) -> Vec<(String, String)> {
    let skipped = results["skipped_checks"].as_array().into_iter().flatten();
    skipped
        .map(|check| {
            (
                text(&check["check_id"]),
                text(&check["check_result"]["suppress_comment"]),
            )
        })
        .collect()
}

fn every_entry_is_used(found: &Skipped) -> Result<(), String> {
    let registered = registered();
    let unused: Vec<_> = registered.difference(found).collect();
    if unused.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "in src/catalog/accepted_findings.rs, and nothing rendered needs it: {unused:#?}"
        ))
    }
}

fn registered() -> Skipped {
    ACCEPTED_FINDINGS
        .iter()
        .filter_map(|finding| Some((finding.checkov?.to_owned(), finding.reason.to_owned())))
        .collect()
}

fn describe(check: &Value) -> String {
    let [id, name, file, resource] =
        ["check_id", "check_name", "file_path", "resource"].map(|key| text(&check[key]));
    format!("{id} {name}: {resource} in {file}")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
