//! `valet-gen image`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::bake::results;
use super::bake_local::{install_interrupts, progress, report_error, show, with_image};
use super::{Exit, ResultFormat, complete, print};
use crate::resolve::Environment;
use valet_bake::boot::{self, Accelerator, BootReport};
use valet_bake::{BakeError, Files};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen image verify --root baked/staging/root --environment staging
  valet-gen image verify --root /mnt --format json | jq '.checks[] | select(.result == \"failed\")'
  valet-gen image boot                        the environment's disk, in baked/ beside fleet.toml
  valet-gen image boot --environment staging --run probe.sh --format json | jq .units.failed";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the image's control checks against a root file system, read-only.
    Verify(VerifyArgs),
    /// Boot an image's disk in QEMU as EC2 would, and report how far it gets.
    Boot(BootArgs),
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
pub struct VerifyArgs {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// The folder of the root file system.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// The environment whose controls have to hold; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    environment: Option<String>,
    /// What the checks print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: CheckFormat,
}

#[derive(Debug, clap::Args)]
pub struct BootArgs {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// The environment whose image it is; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    environment: Option<String>,
    /// The disk, which is not changed. [default: the one that `bake --local --disk` made]
    #[arg(long, value_name = "FILE")]
    disk: Option<PathBuf>,
    /// A bash script that root runs in the machine after the checks. It reaches 203.0.113.1 at the ports 80, 443 and
    /// 8080, as far as the image's firewall lets it.
    #[arg(long, value_name = "FILE")]
    run: Option<PathBuf>,
    /// What runs the machine: `kvm`, this machine's processor, or `tcg`, a program that is ten to twenty times
    /// slower. [default: kvm where it works]
    #[arg(long, value_name = "NAME")]
    accelerator: Option<Accelerator>,
    /// Seconds until the machine is ended.
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// The folder for the results, each environment's in a folder of its name.
    /// [default: `baked` beside the fleet file]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ResultFormat,
}

pub fn run(command: &Command) -> Exit {
    match command {
        Command::Verify(arguments) => verify(arguments),
        Command::Boot(arguments) => boot(arguments),
    }
}

fn verify(arguments: &VerifyArgs) -> Exit {
    let name = arguments.environment.as_deref();
    with_image(&arguments.fleet, name, |_, files| {
        match checks(arguments, files) {
            Ok((printed, holds)) => {
                print::to_stdout(printed);
                if holds {
                    Exit::Success
                } else {
                    Exit::VerificationFailed
                }
            }
            Err(error) => report_error(&error),
        }
    })
}

fn checks(arguments: &VerifyArgs, files: &Files) -> Result<(String, bool), BakeError> {
    valet_bake::check_machine_for_verifying()?;
    let format = match arguments.format {
        CheckFormat::Tap => valet_bake::CheckFormat::Tap,
        CheckFormat::Json => valet_bake::CheckFormat::Json,
    };
    valet_bake::verify_root(&arguments.root, files, format, &install_interrupts()?)
}

fn boot(arguments: &BootArgs) -> Exit {
    let name = arguments.environment.as_deref();
    with_image(&arguments.fleet, name, |environment, files| {
        match start(arguments, environment, files) {
            Ok(report) => show_report(&report, arguments.format),
            Err(error) => report_error(&error),
        }
    })
}

fn start(
    arguments: &BootArgs,
    environment: &Environment,
    files: &Files,
) -> Result<BootReport, BakeError> {
    valet_bake::check_machine_for_booting()?;
    valet_bake::check_architecture("image boot", environment.image.base.architecture)?;
    let name = &environment.identity.environment;
    let out = results(&arguments.fleet, arguments.out.as_deref()).join(name);
    let made = boot::disk_in(&out);
    let options = boot::BootOptions {
        environment: name,
        files,
        disk: arguments.disk.as_deref().unwrap_or(&made),
        script: arguments.run.as_deref(),
        accelerator: arguments.accelerator,
        timeout_seconds: arguments.limit,
        out: &out,
    };
    let progress = progress();
    let interrupts = install_interrupts()?;
    let report = boot::boot(&options, &interrupts, &mut |event| show(&progress, event));
    progress.finish_and_clear();
    report
}

fn show_report(report: &BootReport, format: ResultFormat) -> Exit {
    match format {
        ResultFormat::Human => print::to_stdout(report.text()),
        ResultFormat::Json => {
            print::line_to_stdout(serde_json::to_string_pretty(report).unwrap_or_default());
        }
    }
    match report.unfinished() {
        Some(error) => report_error(&error),
        None if report.holds() => Exit::Success,
        None => Exit::VerificationFailed,
    }
}
