//! `valet-gen cost`

use std::path::PathBuf;

use super::pipeline::plan_or_exit;
use super::{Exit, ResultFormat, print};
use crate::cost;

pub const EXAMPLES: &str = "\
Examples:
  valet-gen cost
  valet-gen cost --format json | jq '.environments[].total.expected'";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// How the estimate is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ResultFormat,
}

pub fn run(arguments: &Args) -> Exit {
    let plan = match plan_or_exit(&arguments.fleet) {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let estimate = cost::estimate(&plan);
    match arguments.format {
        ResultFormat::Human => print::to_stdout(cost::print_table(&estimate)),
        ResultFormat::Json => print::to_stdout(cost::to_json(&estimate)),
    }
    Exit::Success
}
