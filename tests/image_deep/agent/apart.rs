//! A test runs once more as a process of its own, in namespaces that die with it: whatever it starts
//! or mounts, the machine's network and firewall are not there to be touched, and nothing is left.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tempfile::TempDir;
use valet_bake::sandbox::isolated_command;
use valet_test_kit::moto::Moto;
use valet_test_kit::node;

use super::control_group::ControlGroups;
use crate::baked::{SUITE, baked, has, scratch, suite};
use crate::machine::turn;
use test_support::pipeline::repository;
use test_support::skip;

/// Tells the process that is apart what there is; absent in all others.
const PARTS: &str = "VALET_TEST_PARTS";

/// Seconds that a test may take apart.
const LIMIT: &str = "300";

/// What is made with a network, before it is left.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Parts {
    /// The image's layers, the topmost first.
    pub layers: Vec<PathBuf>,
    /// The agent's program.
    pub worker: PathBuf,
    /// The folder that has the runtime's program and its packages.
    pub runtime: PathBuf,
    /// The Node.js that the runtime needs.
    pub node: PathBuf,
    /// An empty folder, taken away at the end.
    pub scratch: PathBuf,
    /// Control groups for the container.
    pub groups: Vec<PathBuf>,
}

/// Whether this process is one that runs apart.
pub fn is_apart() -> bool {
    std::env::var_os(PARTS).is_some()
}

/// Runs a case apart. `test` is the whole name of the test that calls this.
pub fn apart(test: &str, case: impl AsyncFnOnce(Parts)) {
    if let Ok(parts) = std::env::var(PARTS) {
        let parts = serde_json::from_str(&parts).expect("the parts");
        ran(Command::new("ip").args(["link", "set", "lo", "up"]));
        let runtime = tokio::runtime::Runtime::new().expect("an event loop");
        runtime.block_on(case(parts));
        return;
    }
    let _turn = turn();
    let Some((parts, _scratch, groups)) = parts() else {
        return;
    };
    let own = std::env::current_exe().expect("a path");
    let own = own.to_str().expect("UTF-8");
    let mut run = isolated_command(false, &["timeout", "--kill-after=5", LIMIT, own]);
    run.args(["--exact", test, "--nocapture"])
        .env(PARTS, serde_json::to_string(&parts).expect("JSON"))
        .env("CI", "true")
        .env(SUITE, suite())
        // The Python of the kit's environment and Node.js may be anywhere.
        .env("PATH", std::env::var_os("PATH").expect("a PATH"));
    let output = run.output().expect("it runs");
    groups.remove();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, said) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{}\n{printed}\n{said}",
        output.status
    );
}

/// Everything that a case takes, or nothing where this machine lacks something.
fn parts() -> Option<(Parts, TempDir, ControlGroups)> {
    static MADE: LazyLock<(PathBuf, PathBuf, PathBuf)> =
        LazyLock::new(|| (worker(), runtime(), node_program()));
    let baked = baked()?;
    if !has(&["systemd-nspawn", "nsenter"]) {
        return None;
    }
    if !node::is_there() {
        skip("the agent under its unit: node 20 and npm are needed for the runtime");
        return None;
    }
    let (worker, runtime, node) = MADE.clone();
    let (folder, groups) = (scratch(), ControlGroups::new());
    let parts = Parts {
        layers: baked.layers.clone(),
        worker,
        runtime,
        node,
        scratch: folder.path().to_owned(),
        groups: groups.folders().to_vec(),
    };
    Some((parts, folder, groups))
}

/// The agent's program as it is now: it is no dependency of this package, so cargo is asked.
pub fn worker() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--package",
            "valet-worker",
            "--bin",
            "valet-worker",
        ])
        .args(["--quiet", "--message-format", "json"])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut made = lines.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    made.next_back().expect("cargo names the program")
}

/// The folder that the runtime's packages were installed to. moto's environment is made here too.
fn runtime() -> PathBuf {
    drop(Moto::start().expect("moto starts"));
    let program = node::runtime().expect("the runtime is made");
    let folder = program.ancestors().nth(4);
    folder.expect("it is deep in the folder").to_owned()
}

pub fn node_program() -> PathBuf {
    let printed = ran(Command::new("node").args(["-p", "process.execPath"]));
    Path::new(printed.trim()).to_owned()
}

/// Runs a program that has to succeed, and returns what it printed.
pub fn ran(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
