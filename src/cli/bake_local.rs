//! `valet-gen bake --local`

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::bake::{Args, results};
use super::exit::{choose_environment, internal_error};
use super::pipeline::plan_or_exit;
use super::{Exit, ResultFormat, print};
use crate::render::{Engine, render};
use crate::resolve::{Environment, Plan};
use valet_bake::{BakeError, BakeReport, BakeRequest, ErrorKind, Event, Files, Interrupts};

/// Makes the image, and reports it.
pub fn run(arguments: &Args) -> Exit {
    let name = arguments.environment.as_deref();
    with_image(&arguments.fleet, name, |environment, files| {
        match make(arguments, environment, files) {
            Ok(report) => show_report(&report, arguments.format),
            Err(error) => report_error(&error),
        }
    })
}

/// Does this with the environment that is asked for and the files of its image, rendered here and
/// now.
pub fn with_image(
    fleet: &Path,
    name: Option<&str>,
    work: impl FnOnce(&Environment, &Files) -> Exit,
) -> Exit {
    let planned = || {
        let plan = plan_or_exit(fleet)?;
        let environment = choose_environment(fleet, &plan, name)?;
        let files = image_files(&plan, environment)?;
        Ok(work(environment, &files))
    };
    planned().unwrap_or_else(|exit: Exit| exit)
}

fn image_files(plan: &Plan, environment: &Environment) -> Result<Files, Exit> {
    let rendered = render(&Engine::new(), plan).map_err(|error| internal_error(&error))?;
    let name = &environment.identity.environment;
    Ok(valet_bake::of_environment(&rendered, name))
}

fn make(
    arguments: &Args,
    environment: &Environment,
    files: &Files,
) -> Result<BakeReport, BakeError> {
    if arguments.audit {
        print::line_to_stderr(
            "warning: `--audit` is deprecated\n  help: use `--scan`, its new name",
        );
    }
    if arguments.payload.is_none() && !arguments.without_payload {
        return Err(BakeError::new(
            ErrorKind::Usage,
            "bake --local",
            "the image would have no agent, no runtime and no browser",
            "name the folder of its programs with --payload, or try things with --without-payload",
        ));
    }
    let scan_content = (arguments.scan || arguments.audit).then_some(arguments.scap.as_path());
    valet_bake::check_machine_for_baking(arguments.disk, scan_content)?;
    if arguments.disk {
        valet_bake::check_architecture("bake --local --disk", environment.image.base.architecture)?;
    }
    let name = &environment.identity.environment;
    let results = results(&arguments.fleet, arguments.out.as_deref());
    let cache = arguments
        .cache
        .clone()
        .unwrap_or_else(|| results.join(".cache"));
    let request = BakeRequest {
        environment: name,
        fleet_suite: environment.image.base.codename,
        architecture: environment.image.base.architecture,
        files,
        suite: arguments.suite.as_deref(),
        mirror: arguments.mirror.as_deref(),
        keyring: arguments.keyring.as_deref(),
        payload: arguments.payload.as_deref(),
        without_payload: arguments.without_payload,
        export_rootfs: !arguments.no_root,
        with_disk: arguments.disk,
        scan_content,
        out: &results.join(name),
        cache: &cache,
    };
    let progress = progress();
    let interrupts = install_interrupts()?;
    let made = valet_bake::bake(&request, &interrupts, &mut |event| show(&progress, event));
    progress.finish_and_clear();
    made
}

pub fn install_interrupts() -> Result<Interrupts, BakeError> {
    Interrupts::install().map_err(|error| {
        BakeError::new(
            ErrorKind::Step,
            "signals",
            error,
            "see how many handlers the system allows",
        )
    })
}

/// A line that moves, where somebody sees it.
pub fn progress() -> ProgressBar {
    let progress = ProgressBar::new_spinner();
    let template = "{spinner} {prefix:18} {elapsed:>4}  {wide_msg:.dim}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        progress.set_style(style);
    }
    progress.enable_steady_tick(Duration::from_millis(120));
    progress
}

pub fn show(progress: &ProgressBar, event: Event<'_>) {
    match event {
        Event::Begins(name) => {
            progress.set_prefix(name.to_owned());
            progress.set_message("");
            progress.reset_elapsed();
        }
        Event::Prints(line) => progress.set_message(line.trim().to_owned()),
        Event::Ended(step) => {
            let cached = if step.cached { "  from the cache" } else { "" };
            progress.println(format!("{:<18} {:>6.1} s{cached}", step.name, step.seconds));
        }
    }
}

fn show_report(report: &BakeReport, format: ResultFormat) -> Exit {
    match format {
        ResultFormat::Human => print::to_stdout(report.text()),
        ResultFormat::Json => {
            print::line_to_stdout(serde_json::to_string_pretty(report).unwrap_or_default());
        }
    }
    if report.checks.after.failed.is_empty() {
        Exit::Success
    } else {
        Exit::VerificationFailed
    }
}

/// Says why there is no result.
pub fn report_error(error: &BakeError) -> Exit {
    let BakeError {
        kind,
        subject,
        problem,
        help,
    } = error;
    print::line_to_stderr(format_args!("error: {subject}: {problem}\n  help: {help}"));
    match kind {
        ErrorKind::Prerequisite => Exit::MissingPrerequisite,
        ErrorKind::Usage => Exit::Usage,
        ErrorKind::File => Exit::Io,
        ErrorKind::Step => Exit::StepFailed,
        ErrorKind::Interrupted => Exit::Interrupted,
    }
}
