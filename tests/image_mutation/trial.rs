//! One trial: a base with or without a weakness, provisioned with or without a control, and checked.

use std::fs;
use std::path::Path;

use serde_json::Value;
use valet_bake::sandbox::{IMAGE, Sandbox, Store};
use valet_gen::catalog::controls::{Control, Verify};
use valet_gen::render::FileSet;
use valet_gen::resolve::Plan;

use crate::baked::{Baked, ENVIRONMENT, scratch};
use crate::of_the_image;
use crate::weaknesses::{self, Weakness};
use test_support::pipeline::{files_of, plan_of, repository};

/// What provisioning and one check take at the most, in seconds, on a busy machine.
pub const LIMIT_SECONDS: u32 = 300;

/// What is tried.
pub struct Trial {
    /// The control that provisioning leaves out.
    removed: Option<&'static Control>,
    /// What is done to the base before.
    pub weakness: String,
}

/// What the check of the control that was removed found, or all checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    /// Provisioning ended before there was anything to check.
    Refused,
}

/// What came of it.
pub struct TrialResult {
    pub outcome: Outcome,
    pub said: String,
}

impl Trial {
    /// A control is left out.
    pub fn without(control: &'static Control) -> Self {
        let own = weaknesses::of(control.id);
        Self {
            removed: Some(control),
            weakness: own.map_or("", |weakness| weakness.script).to_owned(),
        }
    }

    /// These weaknesses are planted, and no control is left out.
    pub fn with(weaknesses: impl IntoIterator<Item = Weakness>) -> Self {
        let scripts = weaknesses.into_iter().map(|weakness| weakness.script);
        let scripts: Vec<&str> = scripts.collect();
        Self {
            removed: None,
            weakness: scripts.join("\n"),
        }
    }

    /// Provisions and checks.
    pub fn run(&self, baked: &Baked) -> TrialResult {
        let whole = scratch();
        let (image, work) = (whole.path().join("image"), whole.path().join("work"));
        fs::create_dir_all(&work).expect("made");
        self.write(&image);
        let sandbox = Sandbox {
            // Those without what provisioning made.
            layers: baked.layers[1..].to_vec(),
            scratch: work,
            store: Store::Memory,
            has_network: false,
            timeout_seconds: LIMIT_SECONDS,
            image: Some(image),
            out: None,
        };
        let only = self.removed.map_or("", |control| control.id);
        let script = format!("{IMAGE}/trial.sh");
        let run = sandbox.command(["bash", &script, only]).output();
        found_by(&run.expect("it runs"))
    }

    /// The image's folder, with the checks of every control and without what makes one hold.
    pub fn write(&self, image: &Path) {
        let whole = plan();
        let mut plan = whole.clone();
        if let Some(removed) = self.removed {
            for environment in &mut plan.environments {
                environment.image.controls.retain(|id| *id != removed.id);
            }
        }
        let mut files = of_environment(&files_of(&plan));
        let checks = of_environment(&files_of(&whole));
        files.extend(
            checks
                .into_iter()
                .filter(|(path, _)| path.starts_with("verify")),
        );
        files.insert("weakness.sh".to_owned(), self.weakness.clone());
        files.insert("trial.sh".to_owned(), TRIAL.to_owned());
        files.insert("equivalent.sh".to_owned(), EQUIVALENT.to_owned());
        for (path, text) in files {
            let file = image.join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        }
    }
}

/// What a run of checks printed.
pub fn found_by(run: &std::process::Output) -> TrialResult {
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    let errors = String::from_utf8_lossy(&run.stderr).into_owned();
    let (outcome, said) = match serde_json::from_str::<Value>(&printed) {
        Err(_) => (Outcome::Refused, errors),
        Ok(document) if document["failed"] == 0 => (Outcome::Passed, String::new()),
        Ok(document) => (Outcome::Failed, failed(&document)),
    };
    TrialResult { outcome, said }
}

/// The controls that do not hold, and what their checks said.
fn failed(document: &Value) -> String {
    let all = document["checks"].as_array().into_iter().flatten();
    let failed = all.filter(|check| check["result"] == "failed");
    failed.map(|check| format!("{check:#}\n")).collect()
}

/// Plants, provisions, and prints what the check of the control finds, or all of them.
const TRIAL: &str = include_str!("trial.sh");

/// Weakens what is finished, and prints what one check finds.
const EQUIVALENT: &str = include_str!("equivalent.sh");

fn of_environment(files: &FileSet) -> std::collections::BTreeMap<String, String> {
    valet_bake::of_environment(files, ENVIRONMENT)
}

/// This repository's fleet, with every control: what it waives is tried as well.
fn plan() -> Plan {
    let fleet = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    let (before, waivers) = fleet.split_once("waivers = [").expect("it waives controls");
    let (_, after) = waivers.split_once("\n]").expect("the end of the waivers");
    let plan = plan_of(&(before.to_owned() + after));
    let chosen = plan
        .environments
        .iter()
        .find(|environment| environment.identity.environment == ENVIRONMENT);
    let chosen = &chosen.expect("the environment").image;
    for control in of_the_image() {
        assert!(chosen.controls.contains(&control.id), "{}", control.id);
        assert!(matches!(control.verify, Verify::Command { .. }));
    }
    plan
}
