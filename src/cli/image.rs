//! `valet-gen image`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::bake::{failed, hear_interrupts, image_files};
use super::exit::choose_environment;
use super::pipeline::plan_or_exit;
use super::{Exit, print};
use crate::bake::{self, Failure, Files, Format};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen image verify --root baked/staging/root --environment staging
  valet-gen image verify --root /mnt --format json | jq '.checks[] | select(.result == \"failed\")'";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the checks of an image's controls in a root file system, and change nothing in it.
    Verify(VerifyArguments),
}

/// What the checks print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// The Test Anything Protocol, for people and test harnesses.
    #[default]
    Tap,
    /// For scripts.
    Json,
}

#[derive(Debug, clap::Args)]
pub struct VerifyArguments {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// The folder of the root file system.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// The environment whose controls have to hold; the first by name when left out.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// What the checks print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: CheckFormat,
}

pub fn run(command: &Command) -> Exit {
    match command {
        Command::Verify(arguments) => verify(arguments),
    }
}

fn verify(arguments: &VerifyArguments) -> Exit {
    let plan = match plan_or_exit(&arguments.fleet) {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let name = arguments.environment.as_deref();
    let files = choose_environment(&arguments.fleet, &plan, name)
        .and_then(|environment| image_files(&plan, environment));
    let files = match files {
        Ok(files) => files,
        Err(exit) => return exit,
    };
    match checks(arguments, &files) {
        Ok((printed, holds)) => {
            print::out(printed);
            if holds {
                Exit::Success
            } else {
                Exit::Unverified
            }
        }
        Err(failure) => failed(&failure),
    }
}

fn checks(arguments: &VerifyArguments, files: &Files) -> Result<(String, bool), Failure> {
    bake::check_machine_for_verifying()?;
    let format = match arguments.format {
        CheckFormat::Tap => Format::Tap,
        CheckFormat::Json => Format::Json,
    };
    bake::verify_root(&arguments.root, files, format, &hear_interrupts()?)
}
