//! The machine that the tests share: started once, looked at by the program and by `probes.sh`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use test_support::cli::{Run, command};
use test_support::pipeline::repository;
use test_support::skip;

/// The environment of this repository's fleet that is made.
pub const ENVIRONMENT: &str = "staging";

/// Seconds that a machine may take where several things go on.
pub const LIMIT: &str = "3600";

/// The folder that all of it is in.
pub fn folder() -> PathBuf {
    repository().join("target/image-deep")
}

/// What the machine came to.
pub struct Machine {
    pub baked: Value,
    pub report: Value,
    /// The lines of `probes.sh`.
    pub answers: Vec<(String, String)>,
}

impl Machine {
    /// Every answer to a question.
    pub fn all(&self, question: &str) -> Vec<&str> {
        let asked = self.answers.iter().filter(|(asked, _)| asked == question);
        asked.map(|(_, answer)| answer.as_str()).collect()
    }

    /// The one answer to a question.
    pub fn answer(&self, question: &str) -> &str {
        match self.all(question)[..] {
            [answer] => answer,
            ref answers => panic!("{question}: {answers:?} in {:#?}", self.answers),
        }
    }
}

/// Where the disk is that was made.
pub fn disk_of(baked: &Value) -> PathBuf {
    PathBuf::from(baked["disk"]["path"].as_str().expect("a path"))
}

/// The machine, or nothing where it cannot be started.
pub fn machine() -> Option<&'static Machine> {
    static MACHINE: LazyLock<Machine> = LazyLock::new(start);
    can_start().then(|| &*MACHINE)
}

/// Whether this machine has what starting one takes; said where it has not.
pub fn can_start() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skip("the image as a machine: this is not root");
    }
    let missing = ["mmdebstrap", "sfdisk", "mcopy", "qemu-system-x86_64"]
        .into_iter()
        .find(|program| Command::new(program).arg("--version").output().is_err());
    if let Some(program) = missing {
        skip(&format!("the image as a machine: there is no {program}"));
    }
    is_root && missing.is_none()
}

/// This repository's fleet with a browser in its image, which is somebody else's payload on EC2.
pub fn fleet_with_browser() -> String {
    let text = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    // Debian's package of it holds keys of Google's that are Debian's own, and public.
    let with = text.replace(
        r#""websockify"]"#,
        r#""websockify", "chromium"]
secret_exceptions = [{ path = "/etc/chromium.d/apikeys", reason = "the public keys of Debian's own package" }]"#,
    );
    assert_ne!(text, with, "fleet.toml names its packages differently");
    with
}

/// The file of that fleet.
fn fleet() -> PathBuf {
    let path = folder().join("fleet.toml");
    fs::create_dir_all(folder()).expect("made");
    fs::write(&path, fleet_with_browser()).expect("written");
    path
}

/// One machine at a time: each takes whatever processors there are.
pub fn turn() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program, with the folders that the tests share.
pub fn run(arguments: &[&str]) -> Run {
    let _turn = turn();
    let mut run = command(&folder());
    run.args(arguments).args(["--environment", ENVIRONMENT]);
    run.output().expect("it runs").into()
}

/// Makes the disk, or finds it made.
pub fn bake() -> Value {
    fleet();
    let run = run(&[
        "bake",
        "--local",
        "--without-payload",
        "--suite",
        "bookworm",
        "--disk",
        "--no-root",
        "--format",
        "json",
    ]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    serde_json::from_str(&run.stdout).expect("JSON")
}

fn start() -> Machine {
    let baked = bake();
    let probes = repository().join("tests/image_deep/probes.sh");
    let probes = probes.to_str().expect("UTF-8");
    let run = run(&[
        "image", "boot", "--limit", LIMIT, "--run", probes, "--format", "json",
    ]);
    // What is wrong in the machine is for the tests to say, each for its part.
    assert!(matches!(run.code, Some(0 | 32)), "{run:#?}");
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let output = report["script"]["output"].as_str().expect("a text");
    let answers = output.lines().filter_map(|line| line.split_once(": "));
    let answers = answers.map(|(asked, answer)| (asked.to_owned(), answer.to_owned()));
    Machine {
        baked,
        answers: answers.collect(),
        report,
    }
}

/// Writes a part of docs/image-report.md. Paths of this machine are nobody's business.
pub fn report(name: &str, text: &str) {
    let folder = repository().join("target/image-report");
    fs::create_dir_all(&folder).expect("made");
    let own = repository();
    let text = text.replace(Path::to_str(own).expect("UTF-8"), ".");
    fs::write(folder.join(name), text).expect("written");
}
