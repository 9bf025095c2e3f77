//! `valet-gen init`

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use super::Exit;
use super::exit::file_error;

pub const EXAMPLES: &str = "\
Examples:
  valet-gen init && valet-gen render
  valet-gen init --out fleets/eu.toml";

/// A fleet that renders as it is, with every choice that most people make next as a comment.
const STARTER: &str = include_str!("../../templates/init/fleet.toml");

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file to write; an existing one is never overwritten.
    #[arg(long, value_name = "FILE", default_value = "fleet.toml")]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Exit {
    let path = arguments.out.display();
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&arguments.out)
        .and_then(|mut file| file.write_all(STARTER.as_bytes()));
    match created {
        Ok(()) => {
            anstream::println!(
                "{path}: written; change its name and region, then `valet-gen render`"
            );
            Exit::Success
        }
        Err(error) => file_error(
            &path,
            &error,
            "choose a file that does not exist with --out",
        ),
    }
}
