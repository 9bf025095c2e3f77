//! `valet-gen graph`

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::exit::{choose_environment, file_error};
use super::pipeline::{STANDARD_INPUT, plan_or_exit};
use super::{Exit, complete, print};
use crate::graph;

pub const EXAMPLES: &str = "\
Examples:
  valet-gen graph --environment production --out docs/fleet.svg
  valet-gen graph --format mermaid";

/// A language for pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PictureFormat {
    /// A picture for browsers and Markdown pages.
    #[default]
    Svg,
    /// A flowchart that GitHub and GitLab draw.
    Mermaid,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// The environment to draw; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    environment: Option<String>,
    /// The language of the picture.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: PictureFormat,
    /// The file to write; standard output when left out, or `-`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Args) -> Exit {
    let plan = match plan_or_exit(&arguments.fleet) {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let chosen = choose_environment(&arguments.fleet, &plan, arguments.environment.as_deref());
    let environment = match chosen {
        Ok(environment) => environment,
        Err(exit) => return exit,
    };
    let picture = match arguments.format {
        PictureFormat::Svg => graph::svg(environment),
        PictureFormat::Mermaid => graph::mermaid(environment),
    };
    let out = arguments
        .out
        .as_ref()
        .filter(|out| *out != Path::new(STANDARD_INPUT));
    let Some(out) = out else {
        print::to_stdout(picture);
        return Exit::Success;
    };
    match std::fs::write(out, picture) {
        Ok(()) => Exit::Success,
        Err(error) => file_error(&out.display(), &error, "choose a writable file with --out"),
    }
}
