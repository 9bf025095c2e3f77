//! `valet-gen bake list` and `valet-gen bake gc`

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use valet_bake_aws::retention::{Planned, Verdict};
use valet_bake_aws::sdk::{self, Keeping};

use super::inputs::Inputs;
use super::locked;
use super::promote::{parameter, target};
use super::show::{Progress, run_plain};
use crate::cli::bake::{GcArgs, LifeArgs};
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
    images: Vec<Planned>,
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

    fn keeping(&self) -> Keeping<'_> {
        let environment = self.inputs.environment();
        Keeping {
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
        let images = run_plain(sdk::list(read.keeping()))?;
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
        version: VERSION,
        fleet: environment.identity.fleet.clone(),
        environment: environment.identity.environment.clone(),
        images: run_plain(sdk::plan(read.keeping()))?,
    };
    let text = serde_json::to_string_pretty(&plan).unwrap_or_default() + "\n";
    if let Some(file) = &arguments.plan {
        fs::write(file, &text).map_err(|error| {
            file_error(
                &file.display(),
                &error,
                "choose a file in a folder that can be written, with --plan",
            )
        })?;
    }
    if arguments.of.format == ResultFormat::Json {
        print::to_stdout(text);
        return Ok(Exit::Success);
    }
    for image in &plan.images {
        let verdict = if image.verdict == Verdict::Delete {
            "delete"
        } else {
            "keep"
        };
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
    let saved: f64 = goes().map(|it| it.dollars_a_month).sum();
    print::line_to_stdout(format_args!(
        "{} of {} images may go, {saved:.2} dollars a month. Nothing was deleted.",
        goes().count(),
        plan.images.len()
    ));
    if let Some(file) = &arguments.plan {
        print::line_to_stdout(format_args!(
            "review {}, and run `valet-gen bake gc --apply {0}`",
            file.display()
        ));
    }
    Ok(Exit::Success)
}

fn apply(of: &LifeArgs, file: &Path) -> Result<Exit, Exit> {
    let text = fs::read_to_string(file).map_err(|error| {
        file_error(
            &file.display(),
            &error,
            "name a plan that `bake gc --plan FILE` wrote",
        )
    })?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| {
        file_error(
            &file.display(),
            &error,
            "name a plan that `bake gc --plan FILE` wrote",
        )
    })?;
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
    let applied = run_plain(sdk::apply(read.keeping(), &plan.images, &mut |event| {
        progress.show(event)
    }));
    progress.finish();
    print::line_to_stdout(format_args!("{} images are deleted", applied?));
    Ok(Exit::Success)
}
