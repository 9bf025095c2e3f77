//! A test that cannot run on this machine.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

/// Why tests of this process were skipped, in the order in which they were.
static SKIPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether this is continuous integration, where no test may be skipped: `CI` is set, and neither
/// empty nor `0` nor `false`.
pub fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Whether tests go through every fixture where one would do: `VALET_TEST_DEEP` is set to `1`.
pub fn is_deep() -> bool {
    std::env::var("VALET_TEST_DEEP").is_ok_and(|value| value == "1")
}

/// Says that a test proves nothing on this machine, and counts it.
///
/// The line goes to the standard error of the process: libtest hides what `eprintln!` prints when
/// the test succeeds, and a skipped test does.
///
/// # Panics
///
/// In continuous integration, where no test may be skipped.
pub fn skip(why: &str) {
    assert!(!is_ci(), "skipped in CI: {why}");
    let number = {
        let mut skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
        skipped.push(why.to_owned());
        skipped.len()
    };
    let line = format!("skipped: {why} (skip {number} of this program)\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Why tests of this process were skipped so far.
pub fn skipped() -> Vec<String> {
    SKIPPED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}
