//! The cost estimate and the fleet graph, from fleet.toml to what is printed and drawn.

mod cost;
mod graph;

use jiff::civil::date;
use test_support::pipeline::fixture;
use valet_gen::check::check;
use valet_gen::load;
use valet_gen::resolve::{Plan, resolve};

/// The plan of `tests/fleets/<name>.toml`.
fn plan(name: &str) -> Plan {
    let source = load::read(&fixture(name)).expect("the fixture is readable");
    let loaded = load::load(&source).expect("the fixture is typed");
    let today = date(2026, 8, 1);
    let outcome = check(&source, loaded, today);
    let checked = outcome.checked.unwrap_or_else(|| {
        panic!("{name} breaks rules: {:?}", outcome.report.diagnostics);
    });
    resolve(&checked)
}

/// Snapshots stand in the top-level folder, one file each.
fn snapshot(name: &str, text: &str) {
    test_support::snapshot::settings("").bind(|| insta::assert_snapshot!(name, text));
}
