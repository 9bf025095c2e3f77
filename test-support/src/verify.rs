//! `image/verify.sh` with checks of the tests' own, run by a real bash.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use valet_gen::catalog::controls::Proof;
use valet_gen::resolve::{Check, Plan};

use crate::cli::Run;
use crate::pipeline::{files_of, fixture_text, plan_of};

/// What the script itself calls.
pub const NEEDED: [&str; 2] = ["bash", "timeout"];

pub fn check(control: &'static str, run: &'static str, on_host: Proof) -> Check {
    Check {
        control,
        title: "It holds",
        run,
        in_image: Proof::Effect,
        on_host,
    }
}

pub fn by_effect(control: &'static str, run: &'static str) -> Check {
    check(control, run, Proof::Effect)
}

pub fn script_of(plan: &Plan) -> String {
    let files = files_of(plan);
    files["production/image/verify.sh"].clone()
}

/// The script with these checks in place of the registry's, which look at the host.
pub struct Verify {
    pub folder: TempDir,
}

impl Verify {
    pub fn with(checks: &[Check]) -> Self {
        let mut plan = plan_of(&fixture_text("golden-minimal"));
        plan.environments[0].image.checks = checks.to_vec();
        let folder = tempdir().expect("a folder");
        fs::create_dir(folder.path().join("verify")).expect("made");
        for (path, text) in files_of(&plan) {
            if let Some(name) = path.strip_prefix("production/image/verify") {
                fs::write(folder.path().join(format!("verify{name}")), text).expect("written");
            }
        }
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("bash");
        command
            .arg("verify.sh")
            .args(arguments)
            // As in an image that nobody has started, whatever runs on this machine.
            .env("SYSTEMD_OFFLINE", "1")
            .current_dir(self.folder.path());
        command
    }

    /// What a run comes to, but for what it says to whoever is not root.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("bash runs");
        let mut run = Run::from(output);
        let not_root = "verify.sh: not run as root: checks of what only root can read fail\n";
        run.stderr = run.stderr.replace(not_root, "");
        run
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[&["--format", "json"], arguments].concat());
        assert_eq!(run.stderr, "");
        serde_json::from_str(&run.stdout).expect("JSON")
    }
}
