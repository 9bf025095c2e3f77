//! Parses the command line, runs the command, exits with its code.

use std::process::ExitCode;

use clap::Parser as _;
use valet_gen::cli::Cli;

/// Linked statically with musl, as releases are: musl's own allocator is slow with several threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    valet_gen::cli::answer_shell();
    Cli::parse().run().into()
}
