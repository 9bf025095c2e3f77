//! The process behind a unit.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::environment;

/// A program as a service unit says it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its environment, besides `PATH` and `HOME`.
    pub environment: BTreeMap<String, String>,
    /// Read at every start; a missing one fails the start.
    pub environment_file: Option<PathBuf>,
    /// Where it writes, by both outputs; appended to.
    pub log: PathBuf,
    /// How long it may take to stop before it is killed.
    pub stop_limit: Duration,
}

impl Program {
    pub(super) fn spawn(&self) -> io::Result<Child> {
        let [program, arguments @ ..] = self.command.as_slice() else {
            return Err(io::Error::other("the unit has no command"));
        };
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        for name in ["PATH", "HOME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(&self.environment);
        if let Some(file) = &self.environment_file {
            let text = std::fs::read_to_string(file).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", file.display()))
            })?;
            command.envs(environment::read(&text));
        }
        command.spawn()
    }
}

/// Sends a signal. A process that is gone has nothing against it.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid as i32) {
        let _ = kill_process(pid, signal);
    }
}

/// What a process has in memory, by proc(5).
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes = line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?;
    Some(kibibytes * 1024)
}
