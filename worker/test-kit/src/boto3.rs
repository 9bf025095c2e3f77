//! AWS's own client for Python, to try the fakes with.

use std::sync::atomic::{AtomicU32, Ordering};

use test_support::problem::Problem;
use test_support::{programs, python};

/// Programs of several tests run at the same time, each with a log of its own.
static STARTED: AtomicU32 = AtomicU32::new(1);

/// Runs a Python program that may import boto3, and returns what it printed.
///
/// # Errors
///
/// When Python is missing or the program fails; in words.
pub fn run(program: &str, environment: &[(&str, &str)]) -> Result<String, String> {
    let mut python = match python::command("python") {
        Ok(python) => python,
        Err(Problem::Missing(what) | Problem::Failed(what)) => return Err(what),
    };
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        python.env_remove(name);
    }
    python
        .args(["-c", program])
        .envs(environment.iter().copied())
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_DEFAULT_REGION", "us-east-1");
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    programs::run(&mut python, &format!("boto3 {number}"))?.success()
}
