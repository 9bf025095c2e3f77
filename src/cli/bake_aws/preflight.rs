//! `valet-gen preflight` against an account, and what `bake` asks of it first.

use std::fs;
use std::path::Path;
use std::time::Duration;

use valet_bake_aws::AwsError;
use valet_bake_aws::sdk::{Signer, connect};

use super::show::report;
use crate::cli::exit::{file_error, internal_error};
use crate::cli::preflight::{Args, Prepared, show};
use crate::cli::{Exit, pipeline, print};
use crate::diagnostic::Severity;
use crate::preflight::{Caller, Recording, Transport};

/// The time for all questions. What is under way then may take [`crate::preflight`]'s time of an attempt besides.
const TIME: Duration = Duration::from_secs(20);

/// The code of what could not be asked.
const NOT_CHECKED: &str = "preflight.not-checked";

pub fn preflight(arguments: &Args) -> Exit {
    asked(arguments).unwrap_or_else(|exit| exit)
}

fn asked(arguments: &Args) -> Result<Exit, Exit> {
    let prepared = Prepared::read(&arguments.fleet, arguments.environment.as_deref(), false)?;
    let (caller, mut transport) = open(prepared.region())?;
    let with_dry_runs = !arguments.no_dry_run;
    let report = match &arguments.record {
        None => prepared.run(&caller, with_dry_runs, false, &mut transport)?,
        Some(file) => {
            let mut recording = Recording::of(&mut transport);
            let report = prepared.run(&caller, with_dry_runs, false, &mut recording)?;
            let trace = recording
                .finish(&caller, &prepared.source.text)
                .map_err(|error| internal_error(&error))?;
            fs::write(file, trace).map_err(|error| {
                file_error(
                    &file.display(),
                    &error,
                    "choose a file in a folder that can be written, with --record",
                )
            })?;
            report
        }
    };
    Ok(show(&report, &caller, arguments.format))
}

/// Whose account it is, and what asks it. Signals do what they do: nothing is begun that has to be ended.
fn open(region: &str) -> Result<(Caller, Transport), Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| internal_error(&error))?;
    let opened: Result<(Caller, Signer), AwsError> = runtime.block_on(async {
        let account = connect(region).await?;
        let signer = account.signer().await?;
        let caller = Caller {
            account: account.id,
            partition: account.partition,
        };
        Ok((caller, signer))
    });
    let (caller, signer) = opened.map_err(|error| report(&error))?;
    let transport = Transport::new(signer, &caller.partition, TIME).map_err(|problem| {
        print::line_to_stderr(format_args!(
            "error: {problem}\n  help: install ca-certificates, or name a file of certificates in SSL_CERT_FILE"
        ));
        Exit::MissingPrerequisite
    })?;
    Ok((caller, transport))
}

/// Asks what would make a bake fail. Warnings are printed, errors end it: nothing was made yet.
pub fn before_bake(fleet: &Path, environment: &str) -> Result<(), Exit> {
    let prepared = Prepared::read(fleet, Some(environment), false)?;
    let (caller, mut transport) = open(prepared.region())?;
    let mut report = prepared.run(&caller, false, true, &mut transport)?;
    // Whoever bakes in continuous integration may not ask all of it, and is not told so with each bake.
    let unknown = report
        .diagnostics
        .iter()
        .filter(|it| it.code == NOT_CHECKED)
        .count();
    report.diagnostics.retain(|it| it.code != NOT_CHECKED);
    if unknown > 0 {
        print::line_to_stderr(
            "preflight     some checks have no answer: `valet-gen preflight` says which",
        );
    }
    pipeline::print_to_stderr(std::slice::from_ref(&report));
    if report.count(Severity::Error) == 0 {
        return Ok(());
    }
    print::line_to_stderr(
        "error: bake: the account is not ready; nothing was made\n  help: mend what is named above, or give a reason to go on with --skip-preflight",
    );
    Err(Exit::InvalidFleet)
}
