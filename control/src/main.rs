//! `valet-control`

use std::process::ExitCode;

fn main() -> ExitCode {
    valet_control::cli::main()
}
