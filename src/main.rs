//! Parses the command line, runs the command, exits with its code.

use std::process::ExitCode;

use clap::Parser as _;
use valet_gen::cli::Cli;

fn main() -> ExitCode {
    valet_gen::cli::answer_shell();
    Cli::parse().run().into()
}
