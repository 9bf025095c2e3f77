//! `valet-gen validate`

use super::pipeline::{self, has_blocking_diagnostics, print_findings, read_error};
use super::{DiagnosticArgs, Exit, FleetArgs, print};
use crate::diagnostic::DiagnosticFormat;

pub const EXAMPLES: &str = "\
Examples:
  valet-gen validate
  valet-gen validate --deny-warnings --format github
  generate-fleet | valet-gen validate -
  valet-gen validate fleets/*.toml --format sarif > findings.sarif";

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    fleets: FleetArgs,
    #[command(flatten)]
    findings: DiagnosticArgs,
}

pub fn run(arguments: &Args) -> Exit {
    let today = pipeline::today();
    let mut reports = Vec::new();
    let mut unread = Vec::new();
    for fleet in &arguments.fleets.fleets {
        match pipeline::plan(fleet, today) {
            Ok(planned) => reports.extend(planned.reports),
            Err(error) => unread.push(error),
        }
    }
    print_findings(&reports, &arguments.findings);
    for error in &unread {
        read_error(error);
    }
    if !unread.is_empty() {
        return Exit::Io;
    }
    if has_blocking_diagnostics(&reports, &arguments.findings) {
        return Exit::InvalidFleet;
    }
    if arguments.findings.format == DiagnosticFormat::Human {
        let count = arguments.fleets.fleets.len();
        let files = if count == 1 { "file" } else { "files" };
        print::status(format_args!("{count} {files} valid\n"));
    }
    Exit::Success
}
