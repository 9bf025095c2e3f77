//! One trial: a base with or without a weakness, provisioned with or without a control, and checked.

use std::fs;
use std::path::Path;

use serde_json::Value;
use valet_gen::bake::room::{IMAGE, Room, Store};
use valet_gen::catalog::controls::{Control, Verify};
use valet_gen::render::FileSet;
use valet_gen::resolve::Plan;

use crate::baked::{Baked, ENVIRONMENT, scratch};
use crate::of_the_image;
use crate::support::pipeline::{files_of, plan_of, repository};
use crate::weaknesses::WEAKNESSES;

/// What provisioning and one check take at the most, in seconds, on a busy machine.
const LIMIT_SECONDS: u32 = 300;

/// What is tried.
pub struct Trial {
    /// The control that provisioning leaves out.
    removed: Option<&'static Control>,
    /// What is done to the base before.
    weakness: String,
}

/// What came of it.
pub struct Found {
    /// Of the control that was removed, or of all: `passed` or `failed`; or why there is neither.
    pub result: String,
    pub said: String,
}

impl Trial {
    /// A control is left out.
    pub fn without(control: &'static Control) -> Self {
        let mut own = WEAKNESSES.iter().filter(|(id, _)| *id == control.id);
        Self {
            removed: Some(control),
            weakness: own.next().map_or("", |(_, script)| script).to_owned(),
        }
    }

    /// Everything that is planted for any control, and none is left out.
    pub fn with_every_weakness() -> Self {
        let scripts: Vec<String> = WEAKNESSES
            .iter()
            .map(|(_, script)| format!("(\n{script}\n)"))
            .collect();
        Self {
            removed: None,
            weakness: scripts.join("\n"),
        }
    }

    /// Provisions and checks.
    pub fn run(&self, baked: &Baked) -> Found {
        let whole = scratch();
        let (image, work) = (whole.path().join("image"), whole.path().join("work"));
        fs::create_dir_all(&work).expect("made");
        self.write(&image);
        let room = Room {
            // Those without what provisioning made.
            layers: baked.layers[1..].to_vec(),
            scratch: work,
            store: Store::Memory,
            has_network: false,
            limit_seconds: LIMIT_SECONDS,
            image: Some(image),
            out: None,
        };
        let only = self.removed.map_or("", |control| control.id);
        let script = format!("{IMAGE}/trial.sh");
        let run = room.command(["bash", &script, only]).output();
        let run = run.expect("it runs");
        let printed = String::from_utf8_lossy(&run.stdout).into_owned();
        let result = serde_json::from_str::<Value>(&printed).map_or_else(
            |_| format!("provisioning ended with {}", run.status),
            |document| match document["failed"].as_u64() {
                Some(0) => "passed".to_owned(),
                _ => "failed".to_owned(),
            },
        );
        let said = printed + &String::from_utf8_lossy(&run.stderr);
        Found { result, said }
    }

    /// The image's folder, with the checks of every control and without what makes one hold.
    fn write(&self, image: &Path) {
        let whole = plan();
        let mut plan = whole.clone();
        if let Some(removed) = self.removed {
            for environment in &mut plan.environments {
                environment.image.controls.retain(|id| *id != removed.id);
            }
        }
        let mut files = of_environment(&files_of(&plan));
        let checks = of_environment(&files_of(&whole));
        files.insert("verify.sh".to_owned(), checks["verify.sh"].clone());
        files.insert("weakness.sh".to_owned(), self.weakness.clone());
        files.insert("trial.sh".to_owned(), TRIAL.to_owned());
        for (path, text) in files {
            let file = image.join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        }
    }
}

/// Plants, provisions, and prints what the check of the control finds, or all of them.
const TRIAL: &str = include_str!("trial.sh");

fn of_environment(files: &FileSet) -> std::collections::BTreeMap<String, String> {
    valet_gen::bake::of_environment(files, ENVIRONMENT)
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
