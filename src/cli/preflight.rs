//! `valet-gen preflight`

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::exit::{choose_environment, file_error, internal_error};
use super::pipeline::{fleet_file, print_findings, print_to_stderr, read_error, today};
use super::{DiagnosticArgs, Exit, bake_aws, complete, print};
use crate::diagnostic::{DiagnosticFormat, DiagnosticReport, SourceText};
use crate::images::{self, LockFile};
use crate::preflight::{Caller, Redactor, Selection, Source, Subject, Trace, policy};
use crate::render::{Engine, FileSet, render};
use crate::resolve::Plan;
use crate::{check, load, preflight, resolve};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen preflight                            every environment, in the account of AWS_PROFILE
  valet-gen preflight --environment staging --format sarif > preflight.sarif
  valet-gen preflight --policy > policy.json     what it has to be allowed
  valet-gen preflight --no-dry-run               as somebody who only reads, and will not apply
  valet-gen preflight --record trace.json        for a report: without ids of accounts, names of people, secrets
  valet-gen preflight --replay trace.json        what that account would say of this fleet.toml

Nothing is changed: it reads, and by dry runs it asks whether an apply would be allowed. docs/preflight.md has every check.";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    pub fleet: PathBuf,
    /// The only environment that is looked at. [default: every one]
    #[arg(long, value_name = "NAME", add = complete::environments())]
    pub environment: Option<String>,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: DiagnosticFormat,
    /// Print the IAM policy of whoever runs it, and ask nothing.
    #[arg(long)]
    policy: bool,
    /// Leave out what asks whether an apply would be allowed: for somebody who may only read.
    #[arg(long)]
    pub no_dry_run: bool,
    /// Write what was asked and answered to this file, without what tells whose account it is.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Ask a file that --record wrote, in place of an account. Needs no AWS SDK.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "policy"])]
    replay: Option<PathBuf>,
}

pub fn run(arguments: &Args) -> Exit {
    if arguments.policy {
        print::line_to_stdout(serde_json::to_string_pretty(&policy()).unwrap_or_default());
        return Exit::Success;
    }
    match &arguments.replay {
        Some(file) => replay(arguments, file).unwrap_or_else(|exit| exit),
        None => bake_aws::preflight(arguments),
    }
}

fn replay(arguments: &Args, file: &Path) -> Result<Exit, Exit> {
    let help = "name a file that `valet-gen preflight --record` wrote";
    let text =
        fs::read_to_string(file).map_err(|error| file_error(&file.display(), &error, help))?;
    let mut trace =
        Trace::parse(&text).map_err(|error| file_error(&file.display(), &error, help))?;
    // A trace has other ids than the account: fleet.toml gets the same ones.
    let prepared = Prepared::read(&arguments.fleet, arguments.environment.as_deref(), true)?;
    let caller = trace.caller.clone();
    let report = prepared.run(&caller, !arguments.no_dry_run, false, &mut trace)?;
    Ok(show(&report, &caller, arguments.format))
}

/// A fleet file, read, checked and rendered.
pub struct Prepared {
    pub source: SourceText,
    plan: Plan,
    files: FileSet,
    environment: Option<String>,
    with_repository: BTreeSet<String>,
}

/// The variable by which Terraform makes roles for a repository's workflows.
const REPOSITORY: &str = "github_repository";

/// The environments whose module gets a repository: by Terraform's own variable of the process, or by a file that it reads
/// by itself. What somebody types behind `-var` nobody knows.
fn with_repository(fleet: &Path, plan: &Plan) -> BTreeSet<String> {
    let of_process = std::env::var(format!("TF_VAR_{REPOSITORY}"));
    let is_said = of_process.is_ok_and(|value| !value.is_empty());
    let generated = fleet.parent().unwrap_or(Path::new("")).join("generated");
    let names = plan
        .environments
        .iter()
        .map(|it| it.identity.environment.clone());
    names
        .filter(|name| is_said || is_in_variables(&generated.join(name).join("terraform")))
        .collect()
}

fn is_in_variables(module: &Path) -> bool {
    let entries = fs::read_dir(module).into_iter().flatten().flatten();
    let mut texts = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let plain = name.strip_suffix(".json").unwrap_or(&name);
        let is_read = plain == "terraform.tfvars" || plain.ends_with(".auto.tfvars");
        is_read.then(|| fs::read_to_string(entry.path()).ok())?
    });
    texts.any(|text| {
        text.lines().any(|line| {
            let name = line.trim_start().trim_start_matches('"');
            let value = name.strip_prefix(REPOSITORY).map(str::trim_start);
            value.is_some_and(|it| it.starts_with(['=', '"']) && !it.ends_with("null"))
        })
    })
}

impl Prepared {
    /// # Errors
    /// When the file cannot be read, or breaks a rule.
    pub fn read(fleet: &Path, environment: Option<&str>, is_redacted: bool) -> Result<Self, Exit> {
        let path = fleet_file(fleet);
        let mut source = load::read(&path).map_err(|error| read_error(&error))?;
        if is_redacted {
            source.text = Redactor::default().redact_ids(&source.text);
        }
        let invalid = |report: DiagnosticReport| {
            print_to_stderr(&[report]);
            Exit::InvalidFleet
        };
        let loaded = load::load(&source).map_err(invalid)?;
        let outcome = check::check(&source, loaded, today());
        let Some(checked) = &outcome.checked else {
            return Err(invalid(outcome.report));
        };
        let mut plan = resolve::resolve(checked);
        match LockFile::read(&path).map_err(|error| read_error(&error))? {
            None => {}
            Some(Ok(lock)) => images::apply(&mut plan, &lock.lock),
            Some(Err(report)) => return Err(invalid(report)),
        }
        if environment.is_some() {
            choose_environment(&path, &plan, environment)?;
        }
        let files = render(&Engine::new(), &plan).map_err(|error| internal_error(&error))?;
        Ok(Self {
            with_repository: with_repository(&path, &plan),
            source,
            plan,
            files,
            environment: environment.map(str::to_owned),
        })
    }

    /// The region that is asked whose account it is.
    #[cfg(feature = "aws")]
    pub fn region(&self) -> &str {
        let named = |it: &&resolve::Environment| {
            self.environment
                .as_ref()
                .is_none_or(|name| *name == it.identity.environment)
        };
        let environment = self.plan.environments.iter().find(named);
        environment.map_or("us-east-1", |it| it.identity.region.as_str())
    }

    /// Runs the checks.
    ///
    /// # Errors
    /// Never after [`Self::read`]: the text is the same.
    pub fn run(
        &self,
        caller: &Caller,
        with_dry_runs: bool,
        only_for_bakes: bool,
        from: &mut dyn Source,
    ) -> Result<DiagnosticReport, Exit> {
        let loaded = load::load(&self.source).map_err(|report| {
            print_to_stderr(&[report]);
            Exit::InvalidFleet
        })?;
        let subject = Subject {
            source: &self.source,
            loaded: &loaded,
            plan: &self.plan,
            files: &self.files,
            with_repository: &self.with_repository,
        };
        let selection = Selection {
            environment: self.environment.as_deref(),
            only_for_bakes,
            with_dry_runs,
        };
        Ok(preflight::run(&subject, caller, selection, from))
    }
}

/// Prints what was found, and says how the process ends.
pub fn show(report: &DiagnosticReport, caller: &Caller, format: DiagnosticFormat) -> Exit {
    let reports = std::slice::from_ref(report);
    let findings = DiagnosticArgs {
        format,
        deny_warnings: true,
    };
    print_findings(reports, &findings);
    if !report.is_empty() {
        return Exit::InvalidFleet;
    }
    if format == DiagnosticFormat::Human {
        let count = preflight::CHECKS
            .iter()
            .map(|checks| checks.len())
            .sum::<usize>();
        print::status(format_args!(
            "account {}: {count} checks, nothing found\n",
            caller.account
        ));
    }
    Exit::Success
}
