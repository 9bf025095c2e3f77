//! Arguments that several commands have.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::diagnostic::DiagnosticFormat;

/// Where fleets are read from.
#[derive(Debug, clap::Args)]
pub struct FleetArgs {
    /// Fleet files, folders that hold a fleet.toml, or `-` for standard input. Without one, the fleet.toml here or in
    /// the nearest parent folder of the repository.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    pub fleets: Vec<PathBuf>,
}

/// How findings are printed and what they lead to.
#[derive(Debug, clap::Args)]
pub struct DiagnosticArgs {
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: DiagnosticFormat,
    /// Treat warnings as errors.
    #[arg(long)]
    pub deny_warnings: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// For people.
    #[default]
    Human,
    /// For scripts.
    Json,
}
