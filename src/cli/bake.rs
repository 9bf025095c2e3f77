//! `valet-gen bake`

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{choose_environment, internal_error};
use super::pipeline::{fleet_file, plan_or_exit};
use super::{Exit, ResultFormat, bake_plan, complete, print};
use crate::render::{Engine, render};
use crate::resolve::{Environment, Plan};
use valet_bake::{
    BakeError, BakeReport, BakeRequest, ErrorKind, Event, Files, Interrupts, scanners,
};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen bake --local --payload payload    the environment's image, in baked/ beside fleet.toml
  valet-gen bake --local --payload payload --suite bookworm
                                              of Debian, where Ubuntu's archive is not available
  valet-gen bake --local --payload payload --disk
                                              and a disk, which `valet-gen image boot` starts
  valet-gen bake --local --without-payload --scan
                                              with what openscap, lynis and systemd say before and after
  valet-gen bake --local --without-payload --no-root --format json | jq .checks
  valet-gen bake --plan --payload payload     what a bake on AWS would be made from; nothing is made
  valet-gen bake --plan --payload payload --bundle bundle.tar.gz

--local needs root, and changes nothing outside of its folders. What it runs ends with it.";

#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Args {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// Make it on this machine, with no AWS account.
    #[arg(long, required_unless_present = "plan")]
    local: bool,
    /// Print what a bake on AWS would be made from, with digests and names, and make nothing. AWS is not asked.
    #[arg(long, conflicts_with_all = ["local", "suite", "mirror", "keyring", "out", "cache", "no_root", "disk", "scan"])]
    plan: bool,
    /// With --plan, write the bundle to this file: a tar.gz that EC2 Image Builder's component takes.
    #[arg(long, value_name = "FILE", requires = "plan")]
    bundle: Option<PathBuf>,
    /// The environment whose image is made; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    environment: Option<String>,
    /// The suite that it is made of: noble, jammy, trixie or bookworm.
    /// [default: that of the fleet's base, or bookworm where Ubuntu's archive or its keys are missing]
    #[arg(long, value_name = "SUITE", add = complete::suites())]
    suite: Option<String>,
    /// The archive of its packages.
    /// [default: those that this machine uses, or the distribution's own]
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// The keys that the archive is signed with. [default: /usr/share/keyrings/<name>-archive-keyring.gpg]
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// A folder of programs that become the image's payload/, each with its line in SHA256SUMS there: valet-worker,
    /// runtime.tar, node.tar, adspower.deb, amazon-cloudwatch-agent.deb.
    #[arg(long, value_name = "FOLDER")]
    payload: Option<PathBuf>,
    /// With --local, make an image that lacks some of these programs, or all: for trying things.
    #[arg(long, requires = "local")]
    without_payload: bool,
    /// The folder for the results, each environment's in a folder of its name.
    /// [default: `baked` beside the fleet file]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// The folder for what later runs take again. [default: `.cache` in the folder for the results]
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// Verify only, and make no folder of the root file system.
    #[arg(long)]
    no_root: bool,
    /// Make a disk of it as well, which `image boot` starts.
    #[arg(long)]
    disk: bool,
    /// Scan it as well, before and after: openscap with the CIS benchmarks, lynis, exposure of units.
    #[arg(long)]
    scan: bool,
    /// The former name of `--scan`.
    #[arg(long, hide = true)]
    audit: bool,
    /// The folder of the SCAP Security Guide's benchmarks.
    #[arg(long, value_name = "FOLDER", default_value = scanners::openscap::CONTENT)]
    scap: PathBuf,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ResultFormat,
}

pub fn run(arguments: &Args) -> Exit {
    let name = arguments.environment.as_deref();
    if arguments.plan {
        return bake_plan::run(bake_plan::BakePlanArgs {
            fleet: &arguments.fleet,
            environment: name,
            payload: arguments.payload.as_deref(),
            bundle: arguments.bundle.as_deref(),
            format: arguments.format,
        });
    }
    // clap has seen that one of the two is named.
    let Args { local: _, .. } = arguments;
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

/// The folder for the results: the one that is asked for, or `baked` beside the fleet file.
pub fn results(fleet: &Path, out: Option<&Path>) -> PathBuf {
    let fleet = fleet_file(fleet);
    let beside = fleet.parent().unwrap_or(Path::new(""));
    out.map_or_else(|| beside.join("baked"), Path::to_owned)
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
