//! Running the programs that scan one root file system.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitStatus};

use crate::error::{BakeError, ErrorKind};
use crate::interrupts::Interrupts;

/// Runs the programs of one root file system's scan.
#[derive(Debug)]
pub struct ScanRunner<'a> {
    pub interrupts: &'a Interrupts,
    /// What they print besides their results.
    pub log: File,
    pub log_path: &'a Path,
}

impl ScanRunner<'_> {
    /// Runs a program and gives what it prints, however it ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn read(&self, command: &mut Command) -> Result<(String, ExitStatus), BakeError> {
        let what = command.get_program().to_string_lossy().into_owned();
        let log = self
            .log
            .try_clone()
            .map_err(BakeError::file(self.log_path))?;
        let mut printed = String::new();
        let status = self.interrupts.run(command, Some(log), &mut |line| {
            printed.push_str(line);
            printed.push('\n');
        });
        self.interrupts.check()?;
        let status = status.map_err(|error| {
            let help = "see whether the programs that it needs can be run";
            BakeError::new(ErrorKind::Step, what, error, help)
        })?;
        Ok((printed, status))
    }

    /// Copies a file or a folder of this machine.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&self, from: &Path, to: &Path) -> Result<(), BakeError> {
        let mut copy = Command::new("cp");
        copy.args(["--recursive", "--dereference", "--"])
            .args([from, to]);
        let (_, status) = self.read(&mut copy)?;
        if status.success() {
            return Ok(());
        }
        Err(self.failed("cp", status))
    }

    /// The failure of a program.
    pub fn failed(&self, what: &str, status: ExitStatus) -> BakeError {
        let help = format!("everything it printed is in {}", self.log_path.display());
        BakeError::new(ErrorKind::Step, what, status, &help)
    }
}
