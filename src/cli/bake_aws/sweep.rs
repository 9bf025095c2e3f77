//! `valet-gen bake sweep`

use std::path::Path;

use serde::{Deserialize, Serialize};
use valet_bake_aws::leftovers::SweepDecision;
use valet_bake_aws::retention::Verdict;
use valet_bake_aws::sdk::{self, SweepRequest};

use super::gc::locked_images;
use super::inputs::Inputs;
use super::plan_file::{self, PlanOf, counted};
use super::promote::parameter;
use super::show::{run_plain, with_progress};
use crate::catalog::resource_names::IMAGE_BUILDER;
use crate::cli::bake::{LifeArgs, SweepArgs};
use crate::cli::{Exit, ResultFormat, print};

/// A plan, as it is written and read again.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    version: u32,
    fleet: String,
    environment: String,
    leftovers: Vec<SweepDecision>,
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

    fn sweeping(&self) -> SweepRequest<'_> {
        let identity = &self.inputs.environment().identity;
        SweepRequest {
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
        version: plan_file::VERSION,
        fleet: identity.fleet.clone(),
        environment: identity.environment.clone(),
        leftovers: run_plain(sdk::plan_sweep(read.sweeping()))?,
    };
    let file = arguments.plan.as_deref();
    if plan_file::write(&plan, file, arguments.of.format)? {
        return Ok(Exit::Success);
    }
    for it in &plan.leftovers {
        let verdict = plan_file::verdict(it.verdict, "remove");
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
    plan_file::say_how_to_apply(file, "sweep");
    Ok(Exit::Success)
}

fn apply(of: &LifeArgs, file: &Path) -> Result<Exit, Exit> {
    let plan: Plan = plan_file::read(file, "sweep")?;
    let read = Read::new(of)?;
    let identity = &read.inputs.environment().identity;
    let of_plan = PlanOf {
        version: plan.version,
        fleet: &plan.fleet,
        environment: &plan.environment,
    };
    plan_file::refuse_other(file, &of_plan, identity)?;
    let removed =
        with_progress(|tell| run_plain(sdk::apply_sweep(read.sweeping(), &plan.leftovers, tell)))?;
    match of.format {
        ResultFormat::Human => {
            print::line_to_stdout(format_args!("{} removed", counted(removed.len(), "thing")));
        }
        ResultFormat::Json => plan_file::print("removed", &removed),
    }
    Ok(Exit::Success)
}
