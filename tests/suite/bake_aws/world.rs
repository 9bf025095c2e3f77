//! A fleet in a folder, and a fake of AWS with what Terraform makes in it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use test_support::cli::{self, Run};
use test_support::mock_aws::MockAws;
use test_support::pipeline::repository;
use test_support::problem::Problem;
use test_support::skip::skip;

/// The image that every bake starts from.
pub const BASE: &str = "ami-0ba5e0ba5e0ba5e01";

const PARAMETER: &str =
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id";

pub struct World {
    pub mock: MockAws,
    pub folder: TempDir,
}

impl World {
    /// Nothing where Python is missing: that is told, and counted.
    pub fn start() -> Option<Self> {
        let mock = match MockAws::start_for_bakes() {
            Ok(mock) => mock,
            Err(Problem::Missing(why)) => {
                skip(&why);
                return None;
            }
            Err(Problem::Failed(why)) => panic!("{why}"),
        };
        let folder = tempdir().expect("a folder");
        let starter = repository().join("templates/init/fleet.toml");
        fs::copy(starter, folder.path().join("fleet.toml")).expect("copied");
        payload(folder.path(), "agent");
        let world = Self { mock, folder };
        world.control(
            "seed",
            Some(json!({ "region": "us-east-1", "base": { PARAMETER: [BASE, "x86_64"] }, "prefix": "valet-production" })),
        );
        Some(world)
    }

    pub fn control(&self, what: &str, body: Option<Value>) -> Value {
        match self.mock.control(what, body.as_ref()) {
            Ok(answer) => answer,
            Err(Problem::Missing(why) | Problem::Failed(why)) => panic!("{why}"),
        }
    }

    /// Orders trouble; see faults.py.
    pub fn rules(&self, rules: Value) {
        self.control("rules", Some(rules));
    }

    pub fn inventory(&self) -> Value {
        self.control("inventory", None)
    }

    /// The images of the account, in its region.
    pub fn images(&self) -> Vec<String> {
        let images = &self.inventory()["regions"]["us-east-1"]["images"];
        let images = images.as_array().into_iter().flatten();
        images
            .filter_map(|image| image.as_str().map(str::to_owned))
            .collect()
    }

    /// The operations that changed something, in their order.
    pub fn changes(&self) -> Vec<String> {
        let calls = self.control("calls", None);
        let changes = calls
            .as_array()
            .into_iter()
            .flatten()
            .filter(|call| call["changes"] == true);
        changes
            .filter_map(|call| call["operation"].as_str().map(str::to_owned))
            .collect()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = cli::command(self.folder.path());
        self.mock.configure(&mut command);
        command.env_remove("HTTP_PROXY").env_remove("http_proxy");
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments)
            .output()
            .expect("valet-gen runs")
            .into()
    }

    /// A bake that does not wait long between two looks.
    pub fn bake(&self, more: &[&str]) -> Run {
        self.run(
            &[
                &[
                    "bake",
                    "--payload",
                    "payload",
                    "--poll",
                    "0",
                    "--format",
                    "json",
                ],
                more,
            ]
            .concat(),
        )
    }

    /// A bake that has to succeed, as it is printed.
    pub fn baked(&self, more: &[&str]) -> Value {
        serde_json::from_str(&self.bake(more).success()).expect("JSON")
    }

    /// A bake in the background.
    pub fn spawn_bake(&self) -> Child {
        self.command(&["bake", "--payload", "payload", "--poll", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("valet-gen runs")
    }

    /// Waits until a call is held.
    pub fn wait_for_held(&self) -> bool {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            if self
                .control("held", None)
                .as_array()
                .is_some_and(|held| !held.is_empty())
            {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// The id of the only journal.
    pub fn journal_id(&self) -> Option<String> {
        let entries = fs::read_dir(self.folder.path().join("baked")).ok()?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names
            .filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned))
            .next()
    }

    pub fn forget_journals(&self) {
        fs::remove_dir_all(self.folder.path().join("baked")).expect("removed");
    }
}

/// A payload with an agent of this content.
pub fn payload(folder: &Path, agent: &str) {
    let payload = folder.join("payload");
    fs::create_dir_all(&payload).expect("made");
    fs::write(payload.join("valet-worker"), format!("\x7fELF {agent}")).expect("written");
    let sums = Command::new("sha256sum")
        .arg("valet-worker")
        .current_dir(&payload)
        .output();
    fs::write(
        payload.join("SHA256SUMS"),
        sums.expect("sha256sum runs").stdout,
    )
    .expect("written");
}
