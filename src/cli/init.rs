//! `valet-gen init`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use super::exit::file_error;
use super::{Exit, print};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen init && valet-gen render
  valet-gen init --out fleets/eu.toml";

/// A fleet that renders as it is, with every choice that most people make next as a comment.
const STARTER: &str = include_str!("../../templates/init/fleet.toml");

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write; an existing one is never overwritten.
    #[arg(long, value_name = "FILE", default_value = "fleet.toml")]
    out: PathBuf,
}

pub fn run(arguments: &Args) -> Exit {
    let path = arguments.out.display();
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&arguments.out)
        .and_then(|mut file| file.write_all(STARTER.as_bytes()));
    match created {
        Ok(()) => {
            print::line(format_args!(
                "{path}: written; change its name and region, then `valet-gen render`"
            ));
            Exit::Success
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => file_error(
            &path,
            &"the file exists already",
            "choose another file with --out, or delete this one",
        ),
        Err(error) => file_error(
            &path,
            &error,
            "choose a file in a writable folder with --out",
        ),
    }
}
