//! `packer init`, `validate` and `build`, with what they say.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::process::Group;
use crate::error::{AwsError, ErrorKind};
use crate::packer_output::{Line, Steps, is_noise, session_refusal};
use crate::progress::ProgressEvent;
use crate::sdk::refusal::plain;
use crate::verify_report::VerifyReport;

/// The folders of a build.
#[derive(Clone, Copy, Debug)]
pub struct Folders<'f> {
    /// The template, at its place beside what it uploads.
    pub template: &'f Path,
    /// The values of its variables.
    pub variables: &'f Path,
    /// What the build host wrote, and what Packer said.
    pub reports: &'f Path,
}

/// The report of the controls, as the template names it.
pub const VERIFY: &str = "verify.json";
/// The bill of materials.
pub const SBOM: &str = "sbom.cdx.json";
/// All that Packer said.
const LOG: &str = "packer.log";

/// Runs Packer to its end.
///
/// # Errors
/// When Packer has no plugin, does not take the template, or the build fails. Then nothing of it runs any more.
pub async fn build(
    packer: &Path,
    folders: Folders<'_>,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<BTreeMap<String, String>, AwsError> {
    let log = folders.reports.join(LOG);
    let mut log = fs::File::create(&log).map_err(|error| {
        AwsError::new(
            ErrorKind::File,
            log.display(),
            error,
            "choose a writable folder with --out",
        )
    })?;
    let mut ran = async |subcommand: &str, tell: &mut (dyn FnMut(ProgressEvent) + Send)| {
        run(packer, subcommand, folders, &mut log, tell).await
    };
    let initialised = ran("init", tell).await?;
    if !initialised.is_success {
        return Err(AwsError::new(
            ErrorKind::Prerequisite,
            "packer init",
            initialised.last_error(),
            "packer init fetches the Amazon plugin from GitHub, once: let it, or install it with `packer plugins install github.com/hashicorp/amazon`",
        ));
    }
    let validated = ran("validate", tell).await?;
    if !validated.is_success {
        let help =
            "use Packer 1.10 or newer; run `valet-gen render` if generated/ was edited by hand";
        return Err(AwsError::new(
            ErrorKind::BuildFailed,
            "packer validate",
            validated.last_error(),
            help,
        ));
    }
    let built = ran("build", tell).await?;
    match built {
        Run {
            is_success: true,
            images,
            ..
        } if !images.is_empty() => Ok(images),
        built => Err(failed(&built, folders)),
    }
}

/// How a run of Packer ended.
#[derive(Debug, Default)]
struct Run {
    is_success: bool,
    images: BTreeMap<String, String>,
    errors: Vec<String>,
    /// What Packer says of the build as a whole.
    failure: Option<String>,
    /// What Session Manager said, where it refused the session.
    refused: Option<String>,
}

impl Run {
    fn last_error(&self) -> String {
        let last = self.errors.iter().rev().find(|error| !is_noise(error));
        let last = self.failure.as_ref().or(last);
        last.map_or("it ended without a word", String::as_str)
            .to_owned()
    }
}

async fn run(
    packer: &Path,
    subcommand: &str,
    folders: Folders<'_>,
    log: &mut fs::File,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<Run, AwsError> {
    let mut command = Command::new(packer);
    command
        .args(["-machine-readable", subcommand])
        .env("CHECKPOINT_DISABLE", "1")
        .env("PACKER_NO_COLOR", "1");
    if subcommand != "init" {
        command.arg("-var-file").arg(folders.variables);
    }
    if subcommand == "build" {
        // What somebody could ask at a terminal is answered: what was made is removed.
        command.args(["-color=false", "-on-error=cleanup"]);
    }
    command.arg(folders.template);
    let cannot = |error: &std::io::Error| {
        let subject = format!("packer {subcommand}");
        AwsError::new(
            ErrorKind::Prerequisite,
            subject,
            error,
            "see that `packer version` runs",
        )
    };
    let mut group = Group::start(&mut command).map_err(|error| cannot(&error))?;
    let (Some(output), Some(errors)) = (group.child.stdout.take(), group.child.stderr.take())
    else {
        return Ok(Run::default());
    };
    let (mut output, mut errors) = (
        BufReader::new(output).split(b'\n'),
        BufReader::new(errors).split(b'\n'),
    );
    let (mut run, mut steps) = (Run::default(), Steps::default());
    let mut is_open = (true, true);
    while is_open.0 || is_open.1 {
        let line = tokio::select! {
            line = output.next_segment(), if is_open.0 => {
                is_open.0 = matches!(line, Ok(Some(_)));
                line
            }
            line = errors.next_segment(), if is_open.1 => {
                is_open.1 = matches!(line, Ok(Some(_)));
                line.map(|line| line.map(|line| [b"0,,ui,error,", line.as_slice()].concat()))
            }
        };
        let Ok(Some(line)) = line else { continue };
        let line = String::from_utf8_lossy(&line);
        // A log that cannot be written is no reason to end a build.
        let _ = writeln!(log, "{}", line.trim_end());
        let Some(line) = Line::parse(&line) else {
            continue;
        };
        for event in steps.events(&line) {
            tell(event);
        }
        match line {
            Line::Images(images) => run.images.extend(images),
            Line::Failure(reason) => run.failure = Some(plain(&reason)),
            Line::Error(error) => {
                if let Some(reason) = session_refusal(&error) {
                    // Packer would go on for a quarter of an hour, with a host that runs.
                    run.refused = Some(plain(reason));
                    group.end().await;
                    return Ok(run);
                }
                run.errors.push(plain(&error));
            }
            Line::Step(_) | Line::Message(_) => {}
        }
    }
    let status = group.child.wait().await.map_err(|error| cannot(&error))?;
    group.end().await;
    run.is_success = status.success();
    if run.is_success && subcommand == "build" {
        steps.end().into_iter().for_each(tell);
    }
    Ok(run)
}

/// Why there is no image.
fn failed(built: &Run, folders: Folders<'_>) -> AwsError {
    if let Some(reason) = &built.refused {
        return AwsError::new(
            ErrorKind::Refused,
            "ssm:StartSession",
            reason,
            "allow ssm:StartSession on the build host and on the document AWS-StartPortForwardingSession to whoever runs this; docs/bake.md has the policy",
        );
    }
    let error = built.last_error();
    if let Some(problem) = controls(folders.reports) {
        let report = folders.reports.join(VERIFY);
        return AwsError::new(
            ErrorKind::BuildFailed,
            report.display(),
            problem,
            "mend what they name, and bake again; the report has the output of each check",
        );
    }
    let help = if error.contains("Timeout waiting for SSH") {
        "see that the build subnet reaches Systems Manager: its route or endpoints, and the policy of the bake role".to_owned()
    } else {
        format!(
            "read {}; the next `valet-gen bake` tries again",
            folders.reports.join(LOG).display()
        )
    };
    let is_refused = ["UnauthorizedOperation", "AccessDenied", "VcpuLimitExceeded"]
        .iter()
        .any(|code| error.contains(code));
    let kind = if is_refused {
        ErrorKind::Refused
    } else {
        ErrorKind::BuildFailed
    };
    AwsError::new(kind, "packer build", error, help)
}

/// The controls that do not hold, where the build host has said so.
fn controls(reports: &Path) -> Option<String> {
    let report = fs::read(reports.join(VERIFY)).ok()?;
    let report: VerifyReport = serde_json::from_slice(&report).ok()?;
    report.problem()
}
