//! What was really run, counted. Printed after the tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the tests have counted so far.
#[derive(Default)]
struct Counted {
    /// How many of what, by the kind of test.
    counts: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    /// The versions of the programs that ran.
    versions: BTreeMap<&'static str, String>,
}

static COUNTED: Mutex<Option<Counted>> = Mutex::new(None);

fn with(change: impl FnOnce(&mut Counted)) {
    // A test that panicked has not left half a number behind.
    let mut counted: MutexGuard<'_, Option<Counted>> =
        COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    change(counted.get_or_insert_default());
}

/// Counts something of a kind of test, such as `"checkov"`, `"checks passed"`.
pub fn count(kind: &'static str, what: &'static str, number: usize) {
    with(|counted| {
        *counted
            .counts
            .entry(kind)
            .or_default()
            .entry(what)
            .or_default() += number;
    });
}

/// Notes which program it was that ran.
pub fn version(program: &'static str, version: impl Into<String>) {
    with(|counted| {
        counted.versions.insert(program, version.into());
    });
}

/// Prints what was counted, and how many tests were skipped.
pub fn print() {
    with(|counted| {
        let skipped = test_support::skipped().len();
        if skipped > 0 {
            println!("skipped: {skipped} tests of real programs, with the reasons above");
        }
        for (program, version) in &counted.versions {
            println!("program: {program} {version}");
        }
        for (kind, counts) in &counted.counts {
            let counts: Vec<String> = counts
                .iter()
                .map(|(what, number)| format!("{number} {what}"))
                .collect();
            println!("{kind}: {}", counts.join(", "));
        }
        println!();
    });
}
