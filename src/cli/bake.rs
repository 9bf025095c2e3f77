//! `valet-gen bake`

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::pipeline::fleet_file;
use super::{Exit, ResultFormat, bake_aws, bake_plan, complete};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen bake --environment staging --payload payload   an AMI, in the account of AWS_PROFILE
  valet-gen bake --resume ID                               go on with one that was interrupted
  valet-gen bake --plan --payload payload                  what it would be made from; nothing is made
  valet-gen bake --local --payload payload                 on this machine, in baked/ beside fleet.toml
  valet-gen bake --local --payload payload --suite bookworm
                                                           of Debian, where Ubuntu's archive is not available
  valet-gen bake --local --payload payload --disk          and a disk, which `valet-gen image boot` starts
  valet-gen bake --local --without-payload --scan          with what openscap, lynis and systemd say
  valet-gen bake --local --without-payload --no-root --format json | jq .checks

--local needs root, and changes nothing outside of its folders. What it runs ends with it.
docs/bake.md has the life of an image, and what to do for each exit code.";

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Args {
    #[command(subcommand)]
    life: Option<Life>,
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    pub fleet: PathBuf,
    /// Make it on this machine, with no AWS account.
    #[arg(long)]
    local: bool,
    /// Print what a bake on AWS would be made from, with digests and names, and make nothing. AWS is not asked.
    #[arg(long, conflicts_with_all = ["local", "out", "resume"])]
    plan: bool,
    /// With --plan, write the bundle to this file: a tar.zst that EC2 Image Builder's component takes.
    #[arg(long, value_name = "FILE", requires = "plan")]
    bundle: Option<PathBuf>,
    /// The environment whose image is made; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    pub environment: Option<String>,
    /// Go on with the bake of this id, which was interrupted here or elsewhere.
    #[arg(long, value_name = "ID", conflicts_with = "local")]
    resume: Option<String>,
    /// Do not ask first what in the account would make the bake fail, for the reason that is given.
    #[arg(long, value_name = "REASON", conflicts_with = "local")]
    skip_preflight: Option<String>,
    /// Seconds between two looks at a build in AWS. A look is up to four calls.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        conflicts_with = "local"
    )]
    poll: u64,
    /// The suite that it is made of: noble, jammy, trixie or bookworm.
    /// [default: that of the fleet's base, or bookworm where Ubuntu's archive or its keys are missing]
    #[arg(long, value_name = "SUITE", requires = "local", add = complete::suites())]
    pub suite: Option<String>,
    /// The archive of its packages.
    /// [default: those that this machine uses, or the distribution's own]
    #[arg(long, value_name = "URL", requires = "local")]
    pub mirror: Option<String>,
    /// The keys that the archive is signed with. [default: /usr/share/keyrings/<name>-archive-keyring.gpg]
    #[arg(long, value_name = "FILE", requires = "local")]
    pub keyring: Option<PathBuf>,
    /// A folder of programs that become the image's payload/, each with its line in SHA256SUMS there: valet-worker,
    /// runtime.tar, node.tar, adspower.deb, amazon-cloudwatch-agent.deb.
    #[arg(long, value_name = "FOLDER")]
    pub payload: Option<PathBuf>,
    /// With --local, make an image that lacks some of these programs, or all: for trying things.
    #[arg(long, requires = "local")]
    pub without_payload: bool,
    /// The folder for the results, each environment's in a folder of its name.
    /// [default: `baked` beside the fleet file]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// The folder for what later runs take again. [default: `.cache` in the folder for the results]
    #[arg(long, value_name = "FOLDER", requires = "local")]
    pub cache: Option<PathBuf>,
    /// Verify only, and make no folder of the root file system.
    #[arg(long, requires = "local")]
    pub no_root: bool,
    /// Make a disk of it as well, which `image boot` starts.
    #[arg(long, requires = "local")]
    pub disk: bool,
    /// Scan it as well, before and after: openscap with the CIS benchmarks, lynis, exposure of units.
    #[arg(long, requires = "local")]
    pub scan: bool,
    /// The former name of `--scan`.
    #[arg(long, hide = true)]
    pub audit: bool,
    /// The folder of the SCAP Security Guide's benchmarks.
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/usr/share/xml/scap/ssg/content"
    )]
    pub scap: PathBuf,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ResultFormat,
}

/// What becomes of images after their birth.
#[derive(Debug, Subcommand)]
enum Life {
    /// List the bakes of an environment that were begun and are not finished.
    Status(LifeArgs),
    /// End a bake, and remove all that it made.
    Abort(AbortArgs),
    /// Make an image the one that an environment launches: in images.lock, or in its SSM parameter.
    Promote(PromoteArgs),
    /// Go back to the image that the environment launched before.
    Rollback(RollbackArgs),
    /// List the images of an environment, with age, status, use and cost.
    List(LifeArgs),
    /// Plan which images may be deleted; delete them with --apply.
    Gc(GcArgs),
    /// Plan the removal of what bakes left behind in any region; remove it with --apply.
    Sweep(SweepArgs),
}

/// Whose images.
#[derive(Debug, clap::Args)]
pub struct LifeArgs {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(long, value_name = "FILE", default_value = "fleet.toml")]
    pub fleet: PathBuf,
    /// The environment; needed where fleet.toml has several.
    #[arg(long, value_name = "NAME", add = complete::environments())]
    pub environment: Option<String>,
    /// The folder of the journals. [default: `baked` beside the fleet file]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ResultFormat,
}

#[derive(Debug, clap::Args)]
pub struct AbortArgs {
    /// The id of the bake, as `bake` printed it.
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    pub of: LifeArgs,
}

#[derive(Debug, clap::Args)]
pub struct PromoteArgs {
    /// The image, by its id in the environment's region. [default: the newest verified one of the environment]
    #[arg(long, value_name = "AMI")]
    pub image: Option<String>,
    /// The image, by the id of the bake that made it.
    #[arg(long, value_name = "ID", conflicts_with = "image")]
    pub bake: Option<String>,
    /// Promote what this environment launches.
    #[arg(long, value_name = "ENVIRONMENT", conflicts_with_all = ["image", "bake"], add = complete::environments())]
    pub from: Option<String>,
    /// Promote it to this environment, as --environment says it.
    #[arg(long, value_name = "ENVIRONMENT", requires = "from", conflicts_with = "environment", add = complete::environments())]
    pub to: Option<String>,
    /// Replace the instances, where the SSM parameter says what is launched, and wait until that has ended.
    #[arg(long)]
    pub refresh: bool,
    /// Seconds between two looks at a refresh.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 15,
        requires = "refresh"
    )]
    pub poll: u64,
    #[command(flatten)]
    pub of: LifeArgs,
}

#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    /// Replace the instances, where the SSM parameter says what is launched, and wait until that has ended.
    #[arg(long)]
    pub refresh: bool,
    /// Seconds between two looks at a refresh.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 15,
        requires = "refresh"
    )]
    pub poll: u64,
    #[command(flatten)]
    pub of: LifeArgs,
}

#[derive(Debug, clap::Args)]
pub struct GcArgs {
    /// Delete what this plan says, after everything was checked again: at most 10 images a run.
    #[arg(long, value_name = "FILE")]
    pub apply: Option<PathBuf>,
    /// Write the plan to this file, for --apply. [default: only print it]
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    pub plan: Option<PathBuf>,
    #[command(flatten)]
    pub of: LifeArgs,
}

#[derive(Debug, clap::Args)]
pub struct SweepArgs {
    /// Remove what this plan says, after everything was checked again: at most 10 images a run.
    #[arg(long, value_name = "FILE")]
    pub apply: Option<PathBuf>,
    /// Write the plan to this file, for --apply. [default: only print it]
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    pub plan: Option<PathBuf>,
    #[command(flatten)]
    pub of: LifeArgs,
}

pub fn run(arguments: &Args) -> Exit {
    let name = arguments.environment.as_deref();
    match &arguments.life {
        Some(Life::Status(of)) => return bake_aws::status(of),
        Some(Life::Abort(abort)) => return bake_aws::abort(abort),
        Some(Life::Promote(promote)) => return bake_aws::promote(promote),
        Some(Life::Rollback(rollback)) => return bake_aws::rollback(rollback),
        Some(Life::List(of)) => return bake_aws::list(of),
        Some(Life::Gc(gc)) => return bake_aws::gc(gc),
        Some(Life::Sweep(sweep)) => return bake_aws::sweep(sweep),
        None => {}
    }
    if arguments.plan {
        return bake_plan::run(bake_plan::BakePlanArgs {
            fleet: &arguments.fleet,
            environment: name,
            payload: arguments.payload.as_deref(),
            bundle: arguments.bundle.as_deref(),
            format: arguments.format,
        });
    }
    if arguments.local || arguments.audit {
        return local(arguments);
    }
    bake_aws::make(&bake_aws::BakeOptions {
        fleet: &arguments.fleet,
        environment: name,
        payload: arguments.payload.as_deref(),
        out: arguments.out.as_deref(),
        resume: arguments.resume.as_deref(),
        skip_preflight: arguments.skip_preflight.as_deref(),
        poll_seconds: arguments.poll,
        format: arguments.format,
    })
}

#[cfg(all(feature = "bake", target_os = "linux"))]
fn local(arguments: &Args) -> Exit {
    super::bake_local::run(arguments)
}

#[cfg(not(all(feature = "bake", target_os = "linux")))]
fn local(_: &Args) -> Exit {
    super::print::line_to_stderr(
        "error: bake --local: this build has no local bakes\n  help: use a build for Linux with the feature `bake`, which is on by default",
    );
    Exit::MissingPrerequisite
}

/// The folder for programs of the payload that were fetched or archived, in the folder for the results.
pub fn payload_cache(results: &Path) -> PathBuf {
    results.join(".cache/payload")
}

/// The folder for the results: the one that is asked for, or `baked` beside the fleet file.
pub fn results(fleet: &Path, out: Option<&Path>) -> PathBuf {
    let fleet = fleet_file(fleet);
    let beside = fleet.parent().unwrap_or(Path::new(""));
    out.map_or_else(|| beside.join("baked"), Path::to_owned)
}
