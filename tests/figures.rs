//! The cost estimate and the fleet graph, from fleet.toml to what is printed and drawn.

#[path = "figures/cost.rs"]
mod cost;
#[path = "figures/graph.rs"]
mod graph;

use std::path::Path;

use jiff::civil::date;
use valet_gen::check::check;
use valet_gen::load;
use valet_gen::resolve::{Plan, resolve};

/// The plan of `tests/fleets/<name>.toml`.
fn plan(name: &str) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fleets/{name}.toml"));
    let source = load::read(&path).expect("the fixture is readable");
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
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
