//! `valet-gen cost`

use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::choose_environment;
use super::pipeline::plan_or_exit;
use super::{Exit, complete, print};
use crate::cost::{self, Estimate};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen cost
  valet-gen cost --environment staging
  valet-gen cost --against main/fleet.toml    what it costs more than another file
  valet-gen cost --format markdown >> summary.md
  valet-gen cost --format json | jq '.environments[].total.expected'";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// The environment to estimate; all of them when left out.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    environment: Option<String>,
    /// Another fleet file to compare with: what this one costs more or less.
    #[arg(long, value_name = "FLEET")]
    against: Option<PathBuf>,
    /// How the estimate is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: CostFormat,
}

/// A form of the estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum CostFormat {
    /// Tables, for people.
    #[default]
    Human,
    /// One JSON document, for scripts.
    Json,
    /// Totals as a table of Markdown, for pull requests.
    Markdown,
}

pub fn run(arguments: &Args) -> Exit {
    match estimates(arguments) {
        Ok((estimate, None)) => {
            print::to_stdout(match arguments.format {
                CostFormat::Human => cost::print_table(&estimate),
                CostFormat::Json => cost::to_json(&estimate),
                CostFormat::Markdown => cost::to_markdown(&estimate, None),
            });
            Exit::Success
        }
        Ok((estimate, Some(other))) => {
            print::to_stdout(match arguments.format {
                CostFormat::Human => cost::print_difference(&other, &estimate),
                CostFormat::Json => cost::to_json(&cost::difference(&other, &estimate)),
                CostFormat::Markdown => cost::to_markdown(&estimate, Some(&other)),
            });
            Exit::Success
        }
        Err(exit) => exit,
    }
}

/// The estimate of the fleet, and that of the file that it is compared with.
fn estimates(arguments: &Args) -> Result<(Estimate, Option<Estimate>), Exit> {
    let of = |fleet: &PathBuf| {
        let mut plan = plan_or_exit(fleet)?;
        if let Some(name) = arguments.environment.as_deref() {
            let chosen = choose_environment(fleet, &plan, Some(name))?.clone();
            plan.environments = vec![chosen];
        }
        Ok(cost::estimate(&plan))
    };
    let other = arguments.against.as_ref().map(of).transpose()?;
    Ok((of(&arguments.fleet)?, other))
}
