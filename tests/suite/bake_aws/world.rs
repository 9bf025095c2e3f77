//! A fleet in a folder, and a fake of AWS with what Terraform makes in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use test_support::cli::{self, Run};
use test_support::git::git;
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
    /// What the program's own environment gets besides.
    pub variables: BTreeMap<&'static str, String>,
}

impl World {
    /// An account with what Terraform makes for bakes. Nothing where Python is missing: that is told, and counted.
    pub fn start() -> Option<Self> {
        let world = Self::start_bare()?;
        world.control(
            "seed",
            Some(json!({ "region": "us-east-1", "prefix": "valet-production" })),
        );
        Some(world)
    }

    /// The same, before Terraform has made anything.
    pub fn start_bare() -> Option<Self> {
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
        let world = Self {
            mock,
            folder,
            variables: BTreeMap::new(),
        };
        world.control(
            "seed",
            Some(json!({ "region": "us-east-1", "base": { PARAMETER: [BASE, "x86_64"] } })),
        );
        Some(world)
    }

    /// A fleet whose images are made by Packer: one that writes what the real one wrote, see `fake_packer.py`.
    pub fn start_with_packer() -> Option<Self> {
        Self::start()?.with_packer()
    }

    /// The same, before Terraform has made anything.
    pub fn start_bare_with_packer() -> Option<Self> {
        Self::start_bare()?.with_packer()
    }

    fn with_packer(mut self) -> Option<Self> {
        let python = test_support::python::command("python").ok()?;
        let python = python.get_program().display().to_string();
        let script = |name: &str| repository().join("test-support/python").join(name);
        self.add_program(
            "packer",
            &format!(
                "exec {python} {} \"$@\"",
                script("fake_packer.py").display()
            ),
        );
        self.add_program("session-manager-plugin", "exit 0");
        self.say_packer();
        let path = std::env::var("PATH").unwrap_or_default();
        let programs = self.folder.path().join("bin");
        self.variables
            .insert("PATH", format!("{}:{path}", programs.display()));
        Some(self)
    }

    /// Names Packer in fleet.toml, and commits it.
    pub fn say_packer(&self) {
        let fleet = self.folder.path().join("fleet.toml");
        let text = fs::read_to_string(&fleet).expect("a fleet");
        let text = text.replacen("[image]\n", "[image]\nbuilder = \"packer\"\n", 1);
        fs::write(&fleet, text).expect("written");
        git(self.folder.path(), &["init", "--quiet"]);
        git(self.folder.path(), &["add", "fleet.toml"]);
        git(
            self.folder.path(),
            &["commit", "--quiet", "--message", "A fleet"],
        );
    }

    /// A program of the shell, in the folder `bin`.
    pub fn add_program(&self, name: &str, script: &str) {
        let folder = self.folder.path().join("bin");
        fs::create_dir_all(&folder).expect("made");
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("changed");
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "each caller makes it for this call"
    )]
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

    /// Runs a script of Python in the folder, with `client` for boto3's clients and the fleet's own tags as `OWN`.
    pub fn python(&self, script: &str) {
        let before = "
import boto3, os
OWN = {'ManagedBy': 'valet-gen', 'Fleet': 'valet', 'Environment': 'production'}
def client(service):
    return boto3.client(service, region_name='us-east-1', endpoint_url=os.environ['ENDPOINT'], aws_access_key_id='a', aws_secret_access_key='b')
";
        let mut python =
            test_support::python::command("python").unwrap_or_else(|_| Command::new("python3"));
        let output = python
            .args(["-c", &format!("{before}{script}")])
            .env("ENDPOINT", self.mock.address())
            .current_dir(self.folder.path())
            .output()
            .expect("Python runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = cli::command(self.folder.path());
        self.mock.configure(&mut command);
        command.env_remove("HTTP_PROXY").env_remove("http_proxy");
        command.envs(&self.variables).args(arguments);
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
        let held = self.control("held", None);
        held.as_array().is_some_and(|held| !held.is_empty())
    }

    /// The id of the only journal.
    pub fn journal_id(&self) -> Option<String> {
        let entries = fs::read_dir(self.folder.path().join("baked")).ok()?;
        let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.find_map(|name| name.strip_suffix(".jsonl").map(str::to_owned))
    }

    pub fn forget_journals(&self) {
        fs::remove_dir_all(self.folder.path().join("baked")).expect("removed");
    }
}

/// A bake that is held at a call, and interrupted twice there.
pub fn interrupt_twice(world: &World) -> Run {
    interrupt_held(world, world.spawn_bake())
}

/// The same of a bake that was started.
pub fn interrupt_held(world: &World, mut bake: Child) -> Run {
    assert!(world.wait_for_held(), "no call is held");
    let pid = bake.id().to_string();
    let interrupt = || {
        let sent = Command::new("kill").args(["-INT", &pid]).status();
        assert!(sent.expect("kill runs").success());
    };
    interrupt();
    // The second one counts when the first one was answered; two at once would be one.
    let mut errors = BufReader::new(bake.stderr.take().expect("a pipe"));
    let mut told = String::new();
    while !told.contains("interrupted: ") {
        assert!(errors.read_line(&mut told).expect("readable") > 0, "{told}");
    }
    interrupt();
    errors.read_to_string(&mut told).expect("readable");
    let output = bake.wait_with_output().expect("ended");
    world.control("release", Some(json!({})));
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: told,
    }
}

/// The programs of a payload besides the agent.
const OTHER_PROGRAMS: [&str; 4] = [
    "adspower.deb",
    "amazon-cloudwatch-agent.deb",
    "node.tar",
    "runtime.tar",
];

/// A payload with an agent of this content.
pub fn payload(folder: &Path, agent: &str) {
    let payload = folder.join("payload");
    fs::create_dir_all(&payload).expect("made");
    fs::write(payload.join("valet-worker"), format!("\x7fELF {agent}")).expect("written");
    for name in OTHER_PROGRAMS {
        fs::write(payload.join(name), name).expect("written");
    }
    let sums = Command::new("sha256sum")
        .arg("valet-worker")
        .args(OTHER_PROGRAMS)
        .current_dir(&payload)
        .output();
    fs::write(
        payload.join("SHA256SUMS"),
        sums.expect("sha256sum runs").stdout,
    )
    .expect("written");
}
