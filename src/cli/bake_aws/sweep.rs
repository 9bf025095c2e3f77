//! `valet-gen bake sweep`

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use valet_bake_aws::leftovers::Swept;
use valet_bake_aws::retention::Verdict;
use valet_bake_aws::sdk::{self, Sweeping};

use super::inputs::Inputs;
use super::keep::locked_images;
use super::promote::parameter;
use super::show::{Progress, run_plain};
use crate::catalog::resource_names::IMAGE_BUILDER;
use crate::cli::bake::{LifeArgs, SweepArgs};
use crate::cli::exit::{file_error, usage_error};
use crate::cli::{Exit, ResultFormat, print};

/// The version of the plan's format.
const VERSION: u32 = 1;

/// A plan, as it is written and read again.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    version: u32,
    fleet: String,
    environment: String,
    leftovers: Vec<Swept>,
}

/// What is read of the fleet.
struct Read {
    inputs: Inputs,
    image_builder_name: String,
    image_name: String,
    parameters: Vec<String>,
    locked: Vec<(String, String)>,
}

impl Read {
    fn new(of: &LifeArgs) -> Result<Self, Exit> {
        let inputs = Inputs::read(&of.fleet, of.environment.as_deref())?;
        let environment = inputs.environment();
        let prefix = &environment.identity.prefix;
        Ok(Self {
            image_builder_name: IMAGE_BUILDER.with(prefix),
            image_name: format!("{prefix}-{}-", environment.image.base.architecture),
            parameters: inputs.environments().iter().map(parameter).collect(),
            locked: locked_images(&of.fleet)?,
            inputs,
        })
    }

    fn sweeping(&self) -> Sweeping<'_> {
        let identity = &self.inputs.environment().identity;
        Sweeping {
            prefix: &identity.prefix,
            image_builder_name: &self.image_builder_name,
            image_name: &self.image_name,
            region: &identity.region,
            parameters: &self.parameters,
            locked: &self.locked,
        }
    }
}

pub fn sweep(arguments: &SweepArgs) -> Exit {
    let swept = || match &arguments.apply {
        Some(file) => apply(&arguments.of, file),
        None => plan(arguments),
    };
    swept().unwrap_or_else(|exit: Exit| exit)
}

fn plan(arguments: &SweepArgs) -> Result<Exit, Exit> {
    let read = Read::new(&arguments.of)?;
    let identity = &read.inputs.environment().identity;
    let plan = Plan {
        version: VERSION,
        fleet: identity.fleet.clone(),
        environment: identity.environment.clone(),
        leftovers: run_plain(sdk::plan_sweep(read.sweeping()))?,
    };
    let text = serde_json::to_string_pretty(&plan).unwrap_or_default() + "\n";
    if let Some(file) = &arguments.plan {
        let help = "choose a file in a folder that can be written, with --plan";
        fs::write(file, &text).map_err(|error| file_error(&file.display(), &error, help))?;
    }
    if arguments.of.format == ResultFormat::Json {
        print::to_stdout(text);
        return Ok(Exit::Success);
    }
    for it in &plan.leftovers {
        let verdict = if it.verdict == Verdict::Delete {
            "remove"
        } else {
            "keep"
        };
        print::line_to_stdout(format_args!(
            "{verdict:<6}  {}  {:<8}  {}  {}",
            it.region,
            it.kind.as_str(),
            it.id,
            it.reason
        ));
    }
    let goes = plan
        .leftovers
        .iter()
        .filter(|it| it.verdict == Verdict::Delete)
        .count();
    print::line_to_stdout(format_args!(
        "{goes} of {} things may go. Nothing was removed.",
        plan.leftovers.len()
    ));
    if let Some(file) = &arguments.plan {
        print::line_to_stdout(format_args!(
            "review {}, and run `valet-gen bake sweep --apply {0}`",
            file.display()
        ));
    }
    Ok(Exit::Success)
}

fn apply(of: &LifeArgs, file: &Path) -> Result<Exit, Exit> {
    let help = "name a plan that `bake sweep --plan FILE` wrote";
    let text =
        fs::read_to_string(file).map_err(|error| file_error(&file.display(), &error, help))?;
    let plan: Plan =
        serde_json::from_str(&text).map_err(|error| file_error(&file.display(), &error, help))?;
    let read = Read::new(of)?;
    let identity = &read.inputs.environment().identity;
    if (plan.version, &plan.fleet, &plan.environment)
        != (VERSION, &identity.fleet, &identity.environment)
    {
        return Err(usage_error(
            &file.display(),
            &format!(
                "it is a plan of version {} for fleet `{}`, environment `{}`",
                plan.version, plan.fleet, plan.environment
            ),
            "name that fleet file and environment, or make a new plan with this version",
        ));
    }
    let mut progress = Progress::new();
    let applied = run_plain(sdk::apply_sweep(
        read.sweeping(),
        &plan.leftovers,
        &mut |event| progress.show(event),
    ));
    progress.finish();
    print::line_to_stdout(format_args!("{} things are removed", applied?));
    Ok(Exit::Success)
}
