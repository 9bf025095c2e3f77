//! A run of GitHub Actions for a pull request, with a changed fleet in its folder.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::{TempDir, tempdir};
use test_support::cli::{self, Run};

use super::fake::{FakeGithub, TOKEN};

pub const FLEET: &str = r#"[fleet]
name = "valet"
region = "us-east-1"

[instances]
on_demand_percentage_above_base_capacity = 100
types = [{ instance_type = "m7i.large" }]
root_volume = { volume_size = 40 }
"#;

/// What a workflow's step sees.
pub struct Workflow {
    pub folder: TempDir,
    pub environment: Vec<(String, String)>,
}

impl Workflow {
    /// A run for a pull request of the repository itself, which changes the disks.
    pub fn new(github: &FakeGithub) -> Self {
        let folder = tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("written");
        };
        write("old.toml", FLEET);
        write(
            "new.toml",
            &FLEET.replace("volume_size = 40", "volume_size = 60"),
        );
        let path = |name: &str| folder.path().join(name).display().to_string();
        let environment = [
            ("GITHUB_EVENT_NAME", "pull_request".to_owned()),
            ("GITHUB_EVENT_PATH", path("event.json")),
            ("GITHUB_STEP_SUMMARY", path("summary.md")),
            ("GITHUB_REPOSITORY", "o/r".to_owned()),
            ("GITHUB_WORKFLOW", "fleet".to_owned()),
            ("GITHUB_RUN_ID", "999".to_owned()),
            ("GITHUB_RUN_NUMBER", "12".to_owned()),
            ("GITHUB_RUN_ATTEMPT", "1".to_owned()),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
            ("GITHUB_API_URL", github.url()),
            ("GITHUB_TOKEN", TOKEN.to_owned()),
        ];
        let workflow = Self {
            environment: environment
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            folder,
        };
        workflow.event("o/r");
        workflow
    }

    /// The event of a pull request from a repository.
    pub fn event(&self, from: &str) {
        let event = json!({ "pull_request": {
            "number": 7,
            "head": { "sha": "a".repeat(40), "repo": { "full_name": from } },
        }});
        fs::write(self.folder.path().join("event.json"), event.to_string()).expect("written");
    }

    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.unset(name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn summary(&self) -> String {
        fs::read_to_string(self.path("summary.md")).unwrap_or_default()
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = cli::command(self.folder.path());
        // What the test itself may run in says nothing to the program.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GITHUB_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.clone()).args(arguments);
        command.output().expect("it runs").into()
    }

    /// Compares the two fleets, and comments.
    pub fn diff(&self) -> Run {
        self.run(&["diff", "old.toml", "new.toml", "--comment", "github"])
    }

    /// Compares a fleet with itself, and comments.
    pub fn no_change(&self) -> Run {
        self.run(&["diff", "old.toml", "old.toml", "--comment", "github"])
    }
}

/// The marker of a run.
pub fn marker(target: &str, workflow: &str, run: u64, attempt: u64) -> String {
    format!(
        "<!-- valet-gen review target={target} head={} workflow={workflow} run={run} attempt={attempt} -->",
        "a".repeat(40)
    )
}
