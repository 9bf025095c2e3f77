//! The real program, run on real folders.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The exit code, standard output and standard error, to be compared at once.
    pub fn parts(&self) -> (Option<i32>, &str, &str) {
        (self.code, &self.stdout, &self.stderr)
    }

    /// Standard output of a run that has to succeed.
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.stdout
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// A day on which no waiver of a fixture has expired, as `SOURCE_DATE_EPOCH`.
pub const TODAY: &str = "1767225600";

/// The program under test, which cargo builds before it builds the test.
///
/// # Panics
///
/// When it is not beside the test, which a test of another package may see.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let name = format!("valet-gen{}", std::env::consts::EXE_SUFFIX);
    let beside = |folder: &Path| Some(folder.join(&name)).filter(|path| path.is_file());
    test.ancestors()
        .skip(1)
        .take(2)
        .find_map(beside)
        .unwrap_or_else(|| panic!("there is no {name} beside {}", test.display()))
}

/// The program in a folder, with nothing in its environment that changes what it prints.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(folder)
        .env("SOURCE_DATE_EPOCH", TODAY)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS");
    command
}

/// Runs the program in a folder.
pub fn valet_gen<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Run {
    let output = command(folder).args(arguments).output();
    output.expect("valet-gen runs").into()
}
