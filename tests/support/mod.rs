//! What the tests of rendering, writing and the command line share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod cli;
pub mod fields;
#[cfg(unix)]
pub mod folder;
pub mod hcl;
pub mod hostile;
pub mod pipeline;
#[cfg(target_os = "linux")]
pub mod processes;
pub mod terraform;
#[cfg(unix)]
pub mod verify;

/// Says that a test proves nothing on this machine. With `CI=true` that is a failure.
pub fn skip(why: &str) {
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!in_ci, "skipped in CI: {why}");
    eprintln!("skipped: {why}");
}
