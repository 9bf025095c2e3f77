//! Other programs: finding them, running them within a time, keeping what they print.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use wait_timeout::ChildExt as _;

use crate::folders;

/// Where what programs print is kept, below the target folder.
pub const LOGS: &str = "test-logs";

/// Far above what any of them takes: a program that hangs must fail its test, not the whole run.
const TIMEOUT: Duration = Duration::from_mins(10);

/// How many of a failed program's last lines a test shows. The rest is in its log.
const SHOWN_LINES: usize = 60;

/// The program of this name on PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    which::which(program).ok()
}

/// Whether these programs are on PATH. Skips the test, with the reason, where one is not.
pub fn are_installed_or_skip(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| find(program).is_none());
    if let Some(program) = missing {
        crate::skip(&format!("{program} is not on PATH"));
    }
    missing.is_none()
}

/// What a program printed and how it ended.
pub struct ProgramOutput {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    called: String,
}

impl ProgramOutput {
    /// What it printed, if it succeeded.
    pub fn success(self) -> Result<String, String> {
        if self.status.success() {
            Ok(self.stdout)
        } else {
            Err(self.explain("it failed"))
        }
    }

    /// What went wrong, with the last lines of what it printed.
    pub fn explain(&self, problem: &str) -> String {
        let printed = format!("{}{}", self.stdout, self.stderr);
        let lines: Vec<&str> = printed.lines().collect();
        let shown = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
        format!("{}: {problem} ({})\n{shown}", self.called, self.status)
    }
}

/// Runs a program without input. What it prints goes to `<log>.out` and `<log>.err` in the folder
/// of logs, where it can be read afterwards.
pub fn run(command: &mut Command, log: &str) -> Result<ProgramOutput, String> {
    let called = command_line(command);
    let problem = |error: &dyn std::fmt::Display| format!("{called}: {error}");
    let logs = folders::kept(LOGS)?;
    let name = log.replace(['/', ' '], "-");
    let (out, err) = (
        logs.join(format!("{name}.out")),
        logs.join(format!("{name}.err")),
    );
    let create = |path: &Path| File::create(path).map_err(|error| problem(&error));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(create(&out)?)
        .stderr(create(&err)?)
        .spawn()
        .map_err(|error| problem(&error))?;
    let Some(status) = child
        .wait_timeout(TIMEOUT)
        .map_err(|error| problem(&error))?
    else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(problem(&format!(
            "still running after {TIMEOUT:?}; see {}",
            out.display()
        )));
    };
    Ok(ProgramOutput {
        status,
        stdout: folders::read(&out)?,
        stderr: folders::read(&err)?,
        called,
    })
}

/// The command as it would be typed, without the folders of the program.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
