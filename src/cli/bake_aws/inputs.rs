//! What a command that asks AWS reads of the fleet.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use valet_bake_aws::ImageBuilderDocuments;

use crate::cli::Exit;
use crate::cli::exit::{choose_environment, internal_error};
use crate::cli::pipeline::plan_or_exit;
use crate::render::{Engine, FileSet, render};
use crate::resolve::{Environment, Plan};

/// A fleet file, rendered, and the environment of it that is asked for.
pub struct Inputs {
    plan: Plan,
    position: usize,
    pub files: FileSet,
}

impl Inputs {
    /// Reads, checks and renders the fleet file.
    pub fn read(fleet: &Path, environment: Option<&str>) -> Result<Self, Exit> {
        let plan = plan_or_exit(fleet)?;
        let chosen = choose_environment(fleet, &plan, environment)?;
        let chosen = &chosen.identity.environment;
        let mut environments = plan.environments.iter();
        let position = environments.position(|it| it.identity.environment == *chosen);
        let files = render(&Engine::new(), &plan).map_err(|error| internal_error(&error))?;
        Ok(Self {
            position: position.unwrap_or_default(),
            files,
            plan,
        })
    }

    pub fn environment(&self) -> &Environment {
        &self.plan.environments[self.position]
    }

    /// Another environment of the same file.
    pub fn find(&self, name: &str) -> Option<&Environment> {
        self.plan
            .environments
            .iter()
            .find(|it| it.identity.environment == name)
    }

    /// Every environment of the file.
    pub fn environments(&self) -> &[Environment] {
        &self.plan.environments
    }

    /// Packer's template, as it is rendered.
    pub fn template(&self) -> Result<&str, Exit> {
        let name = &self.environment().identity.environment;
        let path = format!("{name}/packer/worker.pkr.hcl");
        let template = self.files.get(&path).map(String::as_str);
        template.ok_or_else(|| internal_error(&format!("{path} is not rendered")))
    }

    /// The requests of Image Builder, as they are rendered.
    pub fn documents(&self) -> Result<ImageBuilderDocuments, Exit> {
        let name = &self.environment().identity.environment;
        let text = |file: &str| {
            let path = format!("{name}/imagebuilder/{file}");
            self.files
                .get(&path)
                .ok_or_else(|| internal_error(&format!("{path} is not rendered")))
        };
        let request = |file: &str| -> Result<Value, Exit> {
            serde_json::from_str(text(file)?).map_err(|error| internal_error(&error))
        };
        Ok(ImageBuilderDocuments {
            component: request("component.json")?,
            component_data: text("component.yml")?.clone(),
            recipe: request("recipe.json")?,
            infrastructure: request("infrastructure.json")?,
            distribution: request("distribution.json")?,
            image: request("image.json")?,
        })
    }
}

/// The commit that is checked out where the fleet file is, if Git says so.
pub fn commit(fleet: &Path) -> Option<String> {
    let folder = fleet.parent().filter(|it| !it.as_os_str().is_empty());
    let output = Command::new("git")
        .args(["rev-parse", "--verify", "HEAD"])
        .current_dir(folder.unwrap_or(Path::new(".")))
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let commit = text.trim();
    let is_commit =
        matches!(commit.len(), 40 | 64) && commit.bytes().all(|it| it.is_ascii_hexdigit());
    is_commit.then(|| commit.to_owned())
}
