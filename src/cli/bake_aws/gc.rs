//! `valet-gen bake list` and `valet-gen bake gc`

use std::path::Path;

use serde::{Deserialize, Serialize};
use valet_bake_aws::retention::{GcDecision, Verdict};
use valet_bake_aws::sdk::{self, GcRequest};

use super::inputs::Inputs;
use super::locked;
use super::plan_file::{self, PlanOf, counted};
use super::promote::{parameter, target};
use super::show::{run_plain, with_progress};
use crate::cli::bake::{GcArgs, LifeArgs};
use crate::cli::{Exit, ResultFormat, print};

/// A plan, as it is written and read again.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    version: u32,
    fleet: String,
    environment: String,
    images: Vec<GcDecision>,
}

/// The images that images.lock names, each with the place that names it.
pub fn locked_images(fleet: &Path) -> Result<Vec<(String, String)>, Exit> {
    let lock = locked::read(fleet)?;
    let mut named = Vec::new();
    for (key, image) in &lock.images {
        let place = format!("images.lock, environment {}", key.environment);
        named.push((image.ami.to_string(), place.clone()));
        let previous = image.previous.iter();
        named.extend(previous.map(|it| (it.ami.to_string(), format!("{place}, previous"))));
    }
    Ok(named)
}

/// What a command about an environment's images reads.
struct Read {
    inputs: Inputs,
    parameter: String,
    parameters: Vec<String>,
    locked: Vec<(String, String)>,
}

impl Read {
    fn new(of: &LifeArgs) -> Result<Self, Exit> {
        let inputs = Inputs::read(&of.fleet, of.environment.as_deref())?;
        Ok(Self {
            parameter: parameter(inputs.environment()),
            parameters: inputs.environments().iter().map(parameter).collect(),
            locked: locked_images(&of.fleet)?,
            inputs,
        })
    }

    fn request(&self) -> GcRequest<'_> {
        let environment = self.inputs.environment();
        GcRequest {
            target: target(environment, &self.parameter),
            count: environment.image.retain_count,
            parameters: &self.parameters,
            locked: &self.locked,
        }
    }
}

pub fn list(arguments: &LifeArgs) -> Exit {
    let listed = || {
        let read = Read::new(arguments)?;
        let images = run_plain(sdk::list_images(read.request()))?;
        if arguments.format == ResultFormat::Json {
            print::line_to_stdout(serde_json::to_string_pretty(&images).unwrap_or_default());
            return Ok(Exit::Success);
        }
        if images.is_empty() {
            print::line_to_stdout("there is no image yet: `valet-gen bake` makes one");
        }
        for image in images {
            let used = image.used_by.first().map_or("unused", String::as_str);
            let status = if image.status.is_empty() {
                "unknown"
            } else {
                &image.status
            };
            print::line_to_stdout(format_args!(
                "{}  {}  {}  {status:<9} {:>6.2} dollars a month  {used}",
                image.region, image.ami, image.created, image.dollars_a_month
            ));
        }
        Ok(Exit::Success)
    };
    listed().unwrap_or_else(|exit: Exit| exit)
}

pub fn gc(arguments: &GcArgs) -> Exit {
    let collected = || match &arguments.apply {
        Some(file) => apply(&arguments.of, file),
        None => plan(arguments),
    };
    collected().unwrap_or_else(|exit: Exit| exit)
}

fn plan(arguments: &GcArgs) -> Result<Exit, Exit> {
    let read = Read::new(&arguments.of)?;
    let environment = read.inputs.environment();
    let plan = Plan {
        version: plan_file::VERSION,
        fleet: environment.identity.fleet.clone(),
        environment: environment.identity.environment.clone(),
        images: run_plain(sdk::plan_gc(read.request()))?,
    };
    let file = arguments.plan.as_deref();
    if plan_file::write(&plan, file, arguments.of.format)? {
        return Ok(Exit::Success);
    }
    for image in &plan.images {
        let verdict = plan_file::verdict(image.verdict, "delete");
        print::line_to_stdout(format_args!(
            "{verdict:<6}  {}  {}  {:.10}  {:>6.2} dollars a month  {}",
            image.region,
            image.ami,
            image.created.to_string(),
            image.dollars_a_month,
            image.reason
        ));
    }
    let goes = || {
        plan.images
            .iter()
            .filter(|it| it.verdict == Verdict::Delete)
    };
    // From zero: the sum of nothing is -0.0.
    let saved = goes().fold(0.0, |sum, it| sum + it.dollars_a_month);
    print::line_to_stdout(format_args!(
        "{} of {} images may go, {saved:.2} dollars a month. Nothing was deleted.",
        goes().count(),
        plan.images.len()
    ));
    plan_file::say_how_to_apply(file, "gc");
    Ok(Exit::Success)
}

fn apply(of: &LifeArgs, file: &Path) -> Result<Exit, Exit> {
    let plan: Plan = plan_file::read(file, "gc")?;
    let read = Read::new(of)?;
    let identity = &read.inputs.environment().identity;
    let of_plan = PlanOf {
        version: plan.version,
        fleet: &plan.fleet,
        environment: &plan.environment,
    };
    plan_file::refuse_other(file, &of_plan, identity)?;
    let deleted =
        with_progress(|tell| run_plain(sdk::apply_gc(read.request(), &plan.images, tell)))?;
    match of.format {
        ResultFormat::Human => {
            print::line_to_stdout(format_args!("{} deleted", counted(deleted.len(), "image")));
        }
        ResultFormat::Json => plan_file::print("deleted", &deleted),
    }
    Ok(Exit::Success)
}
