//! The stages of the pipeline, called one by one.

use std::path::PathBuf;
use std::sync::LazyLock;

use jiff::civil::{Date, date};
use valet_gen::diagnostic::{DiagnosticFormat, SourceText, print};
use valet_gen::render::{Engine, FileSet, RenderError, render};
use valet_gen::resolve::{Plan, resolve};
use valet_gen::{check, load};

pub use crate::folders::repository;

/// The path of a fixture in tests/fleets.
pub fn fixture(name: &str) -> PathBuf {
    repository()
        .join("tests/fleets")
        .join(format!("{name}.toml"))
}

/// The text of a fixture.
pub fn fixture_text(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).expect("the fixture is there")
}

/// The beginning of golden-full, without the rule that its own network makes pointless: a fleet that nothing is said about.
pub fn full_without_warnings() -> String {
    let whole = fixture_text("golden-full");
    let beginning = whole.split("# What production does not show").next();
    let lines = beginning.expect("the beginning").lines();
    lines
        .filter(|line| !line.contains("ipv6_cidr_block"))
        .fold(String::new(), |text, line| text + line + "\n")
}

/// A day on which no waiver of a fixture has expired.
pub fn today() -> Date {
    date(2026, 1, 1)
}

/// The plan of a fleet.toml that breaks no rule.
pub fn plan_of(text: &str) -> Plan {
    try_plan_of(text).unwrap_or_else(|findings| panic!("the fleet is valid:\n{findings}"))
}

/// The plan, or everything that was found.
pub fn try_plan_of(text: &str) -> Result<Plan, String> {
    let source = SourceText {
        path: "fleet.toml".to_owned(),
        text: text.to_owned(),
    };
    let printed = |report| print(&[report], DiagnosticFormat::Human, false);
    let loaded = load::load(&source).map_err(printed)?;
    let outcome = check::check(&source, loaded, today());
    match outcome.checked {
        Some(checked) => Ok(resolve(&checked)),
        None => Err(printed(outcome.report)),
    }
}

/// Everything that a plan renders to.
pub fn files_of(plan: &Plan) -> FileSet {
    try_files_of(plan).expect("every template fits the plan")
}

/// Everything that a plan renders to, or why a template refuses it.
pub fn try_files_of(plan: &Plan) -> Result<FileSet, RenderError> {
    static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
    render(&ENGINE, plan)
}

/// Everything that a fleet.toml renders to.
pub fn rendered(text: &str) -> FileSet {
    files_of(&plan_of(text))
}
