//! One root module that is really applied: a copy with settings that only the mock needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::fmt_and_validate;
use crate::program::Program;
use crate::shared_provider;
use crate::trials::Problem;
use test_support::mock_aws::MockAws;
use test_support::{folders, programs};

/// Settings that AWS does not need and the mock does. Terraform lays an override file over the
/// others of the module; this one never stands in generated/.
const OVERRIDE: &str = r#"terraform {
  backend "local" {}
}

provider "aws" {
  # A call that the mock does not know fails now and not in ten minutes.
  max_retries = 2
  # The mock has one address and no name per bucket.
  s3_use_path_style = true
}
"#;

const NO_INPUT: &str = "-input=false";
const NO_COLOR: &str = "-no-color";

/// A module, where it is applied, and to what.
pub struct RootModule<'a> {
    /// `account`, or the environment's name.
    pub name: String,
    pub folder: PathBuf,
    aws: &'a MockAws,
    program: Program,
}

/// What `terraform plan -detailed-exitcode` says.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    Empty,
    Changes,
}

impl<'a> RootModule<'a> {
    /// Copies a rendered module and makes it ready to be applied.
    pub fn prepare(name: &str, rendered: &Path, aws: &'a MockAws) -> Result<Self, Problem> {
        Self::prepare_with(Program::Terraform, name, rendered, aws)
    }

    /// The same for any of the two programs.
    pub fn prepare_with(
        program: Program,
        name: &str,
        rendered: &Path,
        aws: &'a MockAws,
    ) -> Result<Self, Problem> {
        let folder = folders::fresh(&format!("{}/applied/{name}", program.name()))?;
        folders::copy_module(rendered, &folder)?;
        folders::write(&folder.join("mock_override.tf"), OVERRIDE)?;
        fmt_and_validate::put_lock_file(&program.lock_file()?, &folder)?;
        let module = Self {
            name: name.to_owned(),
            folder,
            aws,
            program,
        };
        let mut init = program.command()?;
        init.current_dir(&module.folder)
            .args(["init", NO_INPUT, NO_COLOR]);
        programs::run(&mut init, &module.log("init"))?.success()?;
        Ok(module)
    }

    /// Puts other rendered files in place of these, as a later commit would.
    pub fn replace_files(&self, rendered: &Path) -> Result<(), String> {
        folders::copy_module(rendered, &self.folder)
    }

    /// Creates everything, and says how many resources that were.
    pub fn apply(&self) -> Result<usize, String> {
        self.apply_with(&[])
    }

    /// The same with variables, each as `-var=name=value`.
    pub fn apply_with(&self, variables: &[&str]) -> Result<usize, String> {
        let usual = ["apply", "-auto-approve", NO_INPUT, NO_COLOR];
        let applied = self.run("apply", &[&usual, variables].concat())?;
        number_before(&applied.success()?, " added")
    }

    /// Destroys everything, and says how many resources that were.
    pub fn destroy(&self) -> Result<usize, String> {
        let destroyed = self.run("destroy", &["destroy", "-auto-approve", NO_INPUT, NO_COLOR])?;
        number_before(&destroyed.success()?, " destroyed")
    }

    /// Plans, and keeps the plan in a file of this name.
    pub fn plan(&self, file: &str) -> Result<Plan, String> {
        self.plan_with(file, &[])
    }

    /// The same with variables, each as `-var=name=value`.
    pub fn plan_with(&self, file: &str, variables: &[&str]) -> Result<Plan, String> {
        let out = format!("-out={file}");
        let usual = ["plan", "-detailed-exitcode", &out, NO_INPUT, NO_COLOR];
        let planned = self.run(file, &[&usual, variables].concat())?;
        match planned.status.code() {
            Some(0) => Ok(Plan::Empty),
            Some(2) => Ok(Plan::Changes),
            _ => Err(planned.explain("it could not be planned")),
        }
    }

    /// Plans what has to be refused, and gives what Terraform said.
    pub fn refused(&self, step: &str, variables: &[&str]) -> Result<String, String> {
        let usual = ["plan", NO_INPUT, NO_COLOR];
        let planned = self.run(step, &[&usual, variables].concat())?;
        if planned.status.success() {
            return Err(planned.explain("it was planned and not refused"));
        }
        Ok(planned.stderr)
    }

    /// The value of an output that is a text.
    pub fn output(&self, name: &str) -> Result<String, String> {
        self.run("output", &["output", "-raw", name])?.success()
    }

    /// Plans, and fails when anything would change.
    pub fn plan_nothing(&self, file: &str) -> Result<(), String> {
        match self.plan(file)? {
            Plan::Empty => Ok(()),
            Plan::Changes => {
                let shown = self.show(&format!("show-{file}"), &[NO_COLOR, file])?;
                Err(shown.explain("it was just applied, and a plan would change it again"))
            }
        }
    }

    /// What a kept plan does to each resource that it changes: address and actions.
    pub fn actions(&self, file: &str) -> Result<Vec<(String, Vec<String>)>, String> {
        let shown = self.show(&format!("json-{file}"), &["-json", file])?;
        let plan: Value = serde_json::from_str(&shown.success()?)
            .map_err(|error| format!("terraform show -json: {error}"))?;
        let changes = plan["resource_changes"].as_array().into_iter().flatten();
        Ok(changes
            .map(|change| {
                let actions = change["change"]["actions"].as_array().into_iter().flatten();
                let actions = actions.filter_map(Value::as_str).map(str::to_owned);
                let address = change["address"].as_str().unwrap_or_default();
                (address.to_owned(), actions.collect())
            })
            .filter(|(_, actions): &(String, Vec<String>)| {
                actions
                    .iter()
                    .any(|action| !matches!(action.as_str(), "no-op" | "read"))
            })
            .collect())
    }

    /// Shows what is kept, which asks the provider for its schema alone.
    fn show(&self, step: &str, arguments: &[&str]) -> Result<programs::ProgramOutput, String> {
        let mut command = self.command()?;
        command.arg("show").args(arguments);
        shared_provider::attach(&mut command, self.program.registry())?;
        programs::run(&mut command, &self.log(step))
    }

    fn run(&self, step: &str, arguments: &[&str]) -> Result<programs::ProgramOutput, String> {
        let mut command = self.command()?;
        command.args(arguments);
        self.aws.configure(&mut command);
        programs::run(&mut command, &self.log(step))
    }

    /// The program, in the module's folder.
    fn command(&self) -> Result<Command, String> {
        let command = self.program.command();
        let mut command = command.map_err(|problem| match problem {
            Problem::Failed(why) | Problem::Missing(why) => why,
        })?;
        command.current_dir(&self.folder);
        Ok(command)
    }

    fn log(&self, step: &str) -> String {
        format!("{} {} {step}", self.program.name(), self.name)
    }
}

/// The number that stands before these words.
fn number_before(text: &str, words: &str) -> Result<usize, String> {
    text.lines()
        .filter_map(|line| line.split_once(words))
        .filter_map(|(before, _)| before.rsplit(' ').next())
        .find_map(|number| number.parse().ok())
        .ok_or_else(|| format!("terraform printed no number before `{words}`"))
}
