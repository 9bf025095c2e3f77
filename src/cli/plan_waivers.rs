//! The waivers that hold for a plan: those of fleet.toml, and those of a file.

use std::path::Path;

use super::Exit;
use super::exit::{file_error, usage_error};
use super::pipeline::{self, fleet_file, print_to_stderr, read_error};
use crate::fleet::PlanWaiver;
use crate::resolve::{ACCOUNT, Plan};
use crate::review::waivers;

/// Where waivers come from, and which plan they are for.
pub struct Sources<'a> {
    pub fleet: Option<&'a Path>,
    pub file: Option<&'a Path>,
    pub environment: Option<&'a str>,
    /// The folder of the plan's module, whose parent folder has the environment's name.
    pub module: Option<&'a Path>,
}

/// Every waiver that holds for the plan: those of its environment, and those of no environment.
pub fn of(sources: &Sources<'_>) -> Result<Vec<PlanWaiver>, Exit> {
    let mut found = Vec::new();
    let mut environments = None;
    if let Some(path) = sources.fleet {
        let planned =
            pipeline::plan(path, pipeline::today()).map_err(|error| read_error(&error))?;
        let Some(plan) = &planned.plan else {
            print_to_stderr(&planned.reports);
            return Err(Exit::InvalidFleet);
        };
        environments = Some(names(plan));
        found.extend(planned.plan_waivers);
    }
    if let Some(path) = sources.file {
        found.extend(read(path)?);
    }
    let environment = environment(sources, environments.as_deref())?;
    if environment.is_none()
        && let Some(waiver) = found.iter().find(|waiver| waiver.environment.is_some())
    {
        let name = waiver.environment.as_deref().unwrap_or_default();
        let problem = format!(
            "a waiver of {} is for `{name}`, and it is not known which environment the plan is of",
            waiver.rule
        );
        let help = "name it with --environment, or the module's folder with --module";
        let subject = sources
            .fleet
            .or(sources.file)
            .unwrap_or(Path::new("--environment"));
        return Err(usage_error(&subject.display(), &problem, help));
    }
    found.retain(|waiver| waiver.environment.is_none() || waiver.environment == environment);
    Ok(found)
}

fn names(plan: &Plan) -> Vec<String> {
    let environments = plan.environments.iter();
    environments
        .map(|known| known.identity.environment.clone())
        .chain([ACCOUNT.to_owned()])
        .collect()
}

/// The environment that the plan is of, where that is known.
fn environment(sources: &Sources<'_>, known: Option<&[String]>) -> Result<Option<String>, Exit> {
    if let Some(name) = sources.environment {
        let is_known = known.is_none_or(|known| known.iter().any(|one| one == name));
        if is_known {
            return Ok(Some(name.to_owned()));
        }
        let fleet = fleet_file(sources.fleet.unwrap_or(Path::new("fleet.toml")));
        let help = format!("one of: {}", known.unwrap_or_default().join(", "));
        let problem = format!("there is no environment `{name}`");
        return Err(usage_error(&fleet.display(), &problem, &help));
    }
    let of_module = sources.module.and_then(|folder| {
        let whole = folder.canonicalize().ok()?;
        Some(whole.parent()?.file_name()?.to_string_lossy().into_owned())
    });
    let Some(known) = known else {
        return Ok(of_module);
    };
    let of_module = of_module.filter(|name| known.contains(name));
    // The last is the account.
    Ok(of_module.or_else(|| match known {
        [only, _account] => Some(only.clone()),
        _ => None,
    }))
}

fn read(path: &Path) -> Result<Vec<PlanWaiver>, Exit> {
    let help =
        "write `[[waiver]]` with rule, address, reason and expires, such as `expires = 2027-01-31`";
    let fail = |problem: &dyn std::fmt::Display| file_error(&path.display(), &problem, help);
    let text = std::fs::read_to_string(path).map_err(|error| fail(&error))?;
    waivers::read(&text).map_err(|error| fail(&error))
}
