//! The Python scripts that ask the mock AWS what is there. Each prints one JSON document.

use std::ffi::OsStr;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::trials::Problem;
use test_support::mock_aws::MockAws;
use test_support::{folders, programs, python};

/// What `assertions` found.
#[derive(Deserialize)]
pub struct Asserted {
    /// How many facts held.
    pub held: usize,
    /// The others, each in a sentence.
    pub broken: Vec<String>,
}

/// What `find_secrets.py` found.
#[derive(Deserialize)]
pub struct Searched {
    /// How many files were searched, those inside of plan files included.
    pub files: usize,
    pub values: usize,
    pub found: Vec<String>,
}

/// Runs a script against the mock and reads what it prints.
pub fn ask<Answer: DeserializeOwned>(
    aws: &MockAws,
    script: &str,
    arguments: &[&Path],
) -> Result<Answer, Problem> {
    ask_with(aws, script, arguments)
}

/// The same with arguments of any kind.
pub fn ask_with<Answer: DeserializeOwned, Word: AsRef<OsStr>>(
    aws: &MockAws,
    script: &str,
    arguments: &[Word],
) -> Result<Answer, Problem> {
    let scripts = folders::repository().join("tests/terraform/python");
    let mut command = python::script(&scripts.join(script))?;
    command.args(arguments);
    aws.configure(&mut command);
    // Several tests ask at once, each its own mock: what is printed goes to a file of this name.
    let port = aws.address().rsplit(':').next().unwrap_or_default();
    let finished = programs::run(&mut command, &format!("python {script} {port}"))?;
    if !finished.status.success() {
        return Err(finished.explain("the script failed").into());
    }
    let answer = serde_json::from_str(&finished.stdout);
    answer.map_err(|error| {
        Problem::Failed(finished.explain(&format!("it printed something else: {error}")))
    })
}
