//! Terraform, on what is rendered, against the fake of AWS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use test_support::cli::Run;
use test_support::terraform;

use super::world::World;

/// Settings that AWS does not need and the fake does; see `tests/terraform/root_module.rs`.
const OVERRIDE: &str =
    "provider \"aws\" {\n  max_retries       = 2\n  s3_use_path_style = true\n}\n";

/// A root module, ready to be applied.
pub struct Module<'w> {
    world: &'w World,
    pub folder: PathBuf,
}

impl<'w> Module<'w> {
    /// These files of the rendered module of `production`, or all of them where none is named. Nothing where Terraform or
    /// its provider is missing: that is told, and counted.
    pub fn prepare(world: &'w World, files: &[&str]) -> Option<Self> {
        if !terraform::has_terraform() {
            return None;
        }
        let module = Self {
            world,
            folder: world.folder.path().join("module"),
        };
        fs::create_dir_all(&module.folder).expect("made");
        module.render(files);
        fs::write(module.folder.join("fake_override.tf"), OVERRIDE).expect("written");
        let run = module.run(&["init", "-input=false", "-no-color"]);
        if run.code != Some(0) {
            test_support::skip::skip(&format!("terraform init: {}", run.stderr));
            return None;
        }
        Some(module)
    }

    /// Renders the fleet file, and puts what it makes in place of what is there.
    pub fn render(&self, files: &[&str]) {
        self.world.run(&["render"]).success();
        let rendered = self.world.folder.path();
        let rendered = rendered.join("generated/production/terraform");
        for entry in fs::read_dir(rendered).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("UTF-8");
            if files.is_empty() || files.contains(&name.as_str()) {
                fs::copy(entry.path(), self.folder.join(name)).expect("copied");
            }
        }
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new("terraform");
        self.world.mock.configure(&mut command);
        if let Some(mirror) = terraform::mirror() {
            command.env("TF_CLI_CONFIG_FILE", self.configuration(&mirror));
        }
        let output = command
            .args(arguments)
            .current_dir(&self.folder)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .output();
        output.expect("terraform runs").into()
    }

    fn configuration(&self, mirror: &Path) -> PathBuf {
        let file = self.world.folder.path().join("terraform.rc");
        fs::write(&file, terraform::mirror_configuration(mirror)).expect("written");
        file
    }

    /// Applies it, with variables as `-var=name=value`.
    pub fn apply(&self, variables: &[&str]) {
        let usual = ["apply", "-auto-approve", "-input=false", "-no-color"];
        let run = self.run(&[&usual, variables].concat());
        assert_eq!(run.code, Some(0), "{run:#?}");
    }

    /// What a plan would do to resources, each by its address and its actions. Nothing is applied.
    pub fn changes(&self, variables: &[&str]) -> Vec<String> {
        let usual = ["plan", "-out=a.plan", "-input=false", "-no-color"];
        let run = self.run(&[&usual, variables].concat());
        assert_eq!(run.code, Some(0), "{run:#?}");
        let shown = self.run(&["show", "-json", "a.plan"]).success();
        let plan: Value = serde_json::from_str(&shown).expect("JSON");
        let changes = plan["resource_changes"].as_array().into_iter().flatten();
        changes
            .filter_map(|change| {
                let actions = change["change"]["actions"].as_array()?;
                let actions: Vec<&str> = actions.iter().filter_map(Value::as_str).collect();
                let changes = actions.iter().any(|it| !matches!(*it, "no-op" | "read"));
                let address = change["address"].as_str()?.replace('"', "");
                changes.then(|| format!("{} {address}", actions.join("+")))
            })
            .collect()
    }
}
