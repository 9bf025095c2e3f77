//! Packer's processes, which end together.
//!
//! Packer starts itself a second time, its plugin, and a session-manager-plugin. Whoever kills the first of them leaves
//! the others at work for seconds, in which they make things: so all are in one process group, and nothing is swept
//! before the group has ended.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// How long Packer may take to clean up by itself when it is asked to end.
const GRACE: Duration = Duration::from_secs(30);

/// How long killed processes may take to be gone.
const KILL_WAIT: Duration = Duration::from_secs(10);

/// A program and all that it starts. It ends with this value.
pub struct Group {
    pub child: Child,
    group: Pid,
}

impl Group {
    /// Starts a program in a process group of its own, without an input and with its output in a pipe.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id as i32));
        let group = group.ok_or_else(|| std::io::Error::other("it ended at once"))?;
        Ok(Self { child, group })
    }

    /// Asks Packer to clean up and end, and kills what has not ended after half a minute.
    pub async fn end(&mut self) {
        if is_alive(self.group) {
            let _ = kill_process_group(self.group, Signal::INT);
            let began = Instant::now();
            while is_alive(self.group) && began.elapsed() < GRACE {
                let _ = self.child.try_wait();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        self.kill();
    }

    fn kill(&mut self) {
        kill(self.group);
        let _ = self.child.try_wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Kills a group, and waits until none of it runs any more.
#[expect(
    clippy::disallowed_methods,
    reason = "the end of a process that is not a child cannot be waited for in another way"
)]
fn kill(group: Pid) {
    let began = Instant::now();
    while is_alive(group) && began.elapsed() < KILL_WAIT {
        let _ = kill_process_group(group, Signal::KILL);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ends the Packer of an earlier run that was killed alone: it would go on beside the new one. It is known by the
/// template that it was given, which belongs to this bake.
#[cfg(target_os = "linux")]
pub fn end_earlier(template: &Path) {
    let template = template.as_os_str().as_encoded_bytes();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        if !arguments.split(|it| *it == 0).any(|it| it == template) {
            continue;
        }
        let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let group = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(2));
        let group = group.and_then(|it| it.parse().ok()).and_then(Pid::from_raw);
        if let Some(group) = group.filter(|it| *it != rustix::process::getpgrp()) {
            kill(group);
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub fn end_earlier(_: &Path) {}

/// Whether a process of the group can still do something: one that has ended and was not waited for cannot.
#[cfg(target_os = "linux")]
fn is_alive(group: Pid) -> bool {
    let group = group.as_raw_nonzero().get().to_string();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
        .any(|stat| {
            // The name, in parentheses, may hold anything; state, parent and group follow it.
            let Some((_, rest)) = stat.rsplit_once(") ") else {
                return false;
            };
            let mut fields = rest.split(' ');
            let state = fields.next().unwrap_or_default();
            fields.nth(1) == Some(&group) && !matches!(state, "Z" | "X")
        })
}

#[cfg(not(target_os = "linux"))]
fn is_alive(group: Pid) -> bool {
    rustix::process::test_kill_process_group(group).is_ok()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, BufReader};

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime")
    }

    /// A shell that ignores an interrupt, and starts one that outlives it.
    async fn stubborn() -> Group {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' INT; (echo ready; sleep 600) & sleep 600"]);
        let mut group = Group::start(&mut command).expect("sh starts");
        let output = group.child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(output).lines();
        lines.next_line().await.expect("readable").expect("a line");
        group
    }

    #[test]
    fn the_packer_of_an_earlier_run_is_known_by_its_template() {
        runtime().block_on(async {
            let template = tempfile::tempdir().expect("a folder");
            let mut command = Command::new("sh");
            let waits = "echo ready; sleep 600; true";
            command.args(["-c", waits, "packer"]).arg(template.path());
            let mut group = Group::start(&mut command).expect("sh starts");
            let output = group.child.stdout.take().expect("a pipe");
            let mut lines = BufReader::new(output).lines();
            lines.next_line().await.expect("readable").expect("a line");
            end_earlier(&template.path().join("of-another-bake"));
            assert!(is_alive(group.group));
            end_earlier(template.path());
            assert!(!is_alive(group.group));
        });
    }

    #[test]
    fn whatever_a_program_started_ends_with_it() {
        runtime().block_on(async {
            let group = stubborn().await;
            let pid = group.group;
            assert!(is_alive(pid));
            drop(group);
            assert!(!is_alive(pid));
        });
    }

    #[test]
    fn a_program_that_is_killed_alone_leaves_others_which_are_ended() {
        runtime().block_on(async {
            let mut group = stubborn().await;
            let pid = group.group;
            group.child.kill().await.expect("killed");
            assert!(is_alive(pid), "what it started goes on");
            drop(group);
            assert!(!is_alive(pid));
        });
    }
}
