//! The command line of `valet-worker`.

use std::process::ExitCode;

fn main() -> ExitCode {
    valet_worker::cli::main()
}
