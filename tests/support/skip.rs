//! A test whose program is missing.

/// Says that a test proves nothing on this machine.
///
/// # Panics
///
/// With `CI=true`, where no test may be skipped.
pub fn skip(why: &str) {
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!in_ci, "skipped in CI: {why}");
    eprintln!("skipped: {why}");
}
