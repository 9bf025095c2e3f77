//! A server as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::Value;

use crate::support::{fleet, signer};

/// Writes the configuration of a server that hears the fleet, and makes no AWS calls: the file.
pub fn write_config(folder: &Path) -> PathBuf {
    write_config_at(folder, "127.0.0.1:0")
}

/// The same at this address.
pub fn write_config_at(folder: &Path, listen: &str) -> PathBuf {
    let fleet = fleet();
    let text = format!(
        "listen = '{listen}'\n[[fleets]]\ngroup = '{}'\naccount = '{}'\nregion = '{}'\n[identity.certificates]\n{} = '{}'\n",
        fleet.group,
        fleet.account,
        fleet.region,
        fleet.region,
        signer().certificate().display()
    );
    let file = folder.join("control.toml");
    std::fs::write(&file, text).expect("written");
    file
}

/// A server as a process of its own.
pub struct Process {
    pub child: Child,
    pub address: String,
    /// Reads the log from when it serves on, and gives it when the server has ended.
    reader: Option<JoinHandle<String>>,
}

impl Process {
    /// The server as it was built with the tests.
    pub fn start(database: &str, config: &Path, environment: &[(&str, &str)]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_valet-control"));
        Self::of(program, database, config, environment)
    }

    /// Another build of it.
    pub fn of(program: &Path, database: &str, config: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program)
            .args(["serve", "--database", database, "--config"])
            .arg(config)
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut lines = log.lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let line: Value = serde_json::from_str(&line).ok()?;
                Some(line["fields"]["address"].as_str()?.to_owned())
            })
            .expect("it serves");
        // The rest is read, so that the server never waits for its log.
        let read = move || {
            lines
                .map_while(Result::ok)
                .map(|line| line + "\n")
                .collect()
        };
        Self {
            child,
            address,
            reader: Some(std::thread::spawn(read)),
        }
    }

    /// What the server that was killed wrote to its log.
    pub fn log(&mut self) -> String {
        let reader = self.reader.take().expect("it was not asked before");
        reader.join().expect("no panic")
    }

    /// Ends it as systemd does, and says whether it ended well.
    pub fn terminate(&mut self) -> bool {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        self.child.wait().expect("it ends").success()
    }

    /// Stops it as a machine that is suspended. It does nothing more when this is over: the signal alone is answered before
    /// every thread stands still.
    pub fn stop(&self) {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::STOP).expect("it runs");
        let stopped = waitpid(Some(process), WaitOptions::UNTRACED).expect("it is a child");
        assert!(stopped.is_some_and(|(_, status)| status.stopped()));
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).expect("it is stopped");
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
