//! `dev --hosts` as a newcomer runs it: real agents that come up, take tasks, drain by an order and end with the program.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use test_support::problem::Problem;
use test_support::processes::{CLEANUP_TIMEOUT, remaining_processes, until};
use test_support::{folders, programs, python, skip};
use valet_control::postgres::Programs;
use valet_test_kit::node;

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_mins(3);

/// The agent that the tests of the workspace build; where they were not built, `dev` builds it by itself.
fn agent() -> Option<PathBuf> {
    let agent = folders::target().join("debug/valet-worker");
    agent.exists().then_some(agent)
}

/// The program while it runs.
struct Dev {
    child: Child,
    address: String,
    token: String,
}

impl Dev {
    fn start(folder: &Path, hosts: u32) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_valet-control"));
        command
            .args(["dev", "--hosts", &hosts.to_string()])
            .env("TMPDIR", folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(agent) = agent() {
            command.arg("--agent").arg(agent);
        }
        let mut child = command.spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut find = |prefix: &str| {
            let line = lines.by_ref().map_while(Result::ok);
            line.into_iter()
                .find(|line| line.starts_with(prefix))
                .unwrap_or_else(|| panic!("it does not print {prefix}"))
        };
        let address = find("http://");
        let token = find("vct_");
        // The rest is read, so that it never waits for its output.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            token,
        }
    }

    /// A command that asks it.
    fn command(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_valet-control"))
            .args(arguments)
            .env("VALET_CONTROL_URL", &self.address)
            .env("VALET_CONTROL_TOKEN", &self.token)
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn hosts(&self) -> Vec<Value> {
        let hosts = self.command(&["hosts", "--format", "json"]);
        serde_json::from_str(&hosts).expect("JSON")
    }

    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let hosts = self.hosts();
            if is_so(&hosts) {
                return hosts;
            }
            assert!(began.elapsed() < LIMIT, "not so: {what}: {hosts:#?}");
            pause();
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process is waited for, which tells nobody"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(300));
}

fn can_run() -> bool {
    if Programs::find().is_err() || !node::is_there() {
        skip("PostgreSQL and Node are needed: apt-get install postgresql nodejs npm");
        return false;
    }
    // Made here, by one process at a time: what `dev` finds it does not make again.
    if let Err(Problem::Missing(what)) = python::make_for_mock() {
        skip(&what);
        return false;
    }
    programs::are_installed_or_skip(&["dbus-daemon", "openssl"])
}

#[test]
fn a_newcomer_sees_hosts_that_work_and_a_drain_that_empties_one() {
    if !can_run() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    // PostgreSQL's own account makes and removes its folder there.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o1777);
    std::fs::set_permissions(folder.path(), open).expect("it is ours");
    let mut dev = Dev::start(folder.path(), 2);
    let is = |host: &Value, state: &str| host["state"] == state;
    let hosts = dev.until("both hosts take tasks", |hosts| {
        hosts.len() == 2 && hosts.iter().all(|host| is(host, "ready"))
    });
    let busy = dev.until("a host runs a task", |hosts| {
        hosts
            .iter()
            .any(|host| host["activeTasks"].as_i64() > Some(0))
    });
    let drained = busy
        .iter()
        .find(|host| host["activeTasks"].as_i64() > Some(0))
        .expect("one is");
    let id = drained["id"].as_str().expect("an id");
    // Followed until it is done: the host has finished its tasks.
    let printed = dev.command(&["drain", id, "--reason", "kernel update", "--watch"]);
    assert!(printed.contains("done"), "{printed}");
    dev.until("it is empty", |hosts| {
        hosts
            .iter()
            .any(|host| host["id"] == id && is(host, "stopped") && host["activeTasks"] == 0)
    });
    let detail: Value =
        serde_json::from_str(&dev.command(&["host", id, "--format", "json"])).expect("JSON");
    let sentence = detail["takesNoTasks"].as_str().unwrap_or_default();
    assert!(sentence.starts_with("It has drained"), "{sentence}");
    // Tasks have names, and ended well.
    let sessions: Value =
        serde_json::from_str(&dev.command(&["sessions", "--host", id, "--format", "json"]))
            .expect("JSON");
    let outcomes: Vec<&str> = sessions
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|session| session["outcome"].as_str())
        .collect();
    assert!(
        !outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == "finished"),
        "{sessions:#}"
    );
    // It takes tasks again, and once more after its services were restarted.
    for order in [&["resume"][..], &["restart", "--of", "services"]] {
        let mut words = vec![order[0], id, "--reason", "it is well", "--watch"];
        words.extend(&order[1..]);
        let printed = dev.command(&words);
        assert!(printed.contains("done"), "{printed}");
        dev.until(order[0], |hosts| {
            hosts
                .iter()
                .any(|host| host["id"] == id && is(host, "ready"))
        });
    }
    // AWS ends a host and its group replaces it: another one comes up.
    dev.command(&[
        "decommission",
        id,
        "--replace",
        "--reason",
        "old kernel",
        "--watch",
    ]);
    let known: Vec<&str> = hosts
        .iter()
        .filter_map(|host| host["id"].as_str())
        .collect();
    dev.until("another host takes its place", |hosts| {
        hosts.iter().any(|host| {
            is(host, "ready") && host["id"].as_str().is_some_and(|id| !known.contains(&id))
        })
    });
    let pid = Pid::from_raw(dev.child.id() as i32).expect("a process");
    kill_process(pid, Signal::INT).expect("it runs");
    let status = dev.child.wait().expect("it ends");
    assert!(status.success(), "{status}");
    until("nothing is left", CLEANUP_TIMEOUT, || {
        remaining_processes(folder.path()).is_empty()
            && std::fs::read_dir(folder.path())
                .expect("it is there")
                .next()
                .is_none()
    });
}

#[test]
fn what_is_missing_is_named_with_the_command_that_brings_it() {
    let empty = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_valet-control"))
        .args(["dev", "--hosts", "2"])
        .env("PATH", empty.path())
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    for part in [
        "error[dev-fleet.missing]",
        "Node 20 or newer with npm",
        "Python 3.11 or newer with venv",
        "dbus-daemon",
        "openssl",
        "apt-get install dbus nodejs npm openssl python3 python3-venv",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}
