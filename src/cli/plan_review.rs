//! `valet-gen plan-review`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::exit::file_error;
use super::{Exit, pipeline, print};
use crate::diagnostic::{self, DiagnosticFormat, Severity};
use crate::review::{self, PlanReview, plan_markdown, terraform_plan, waivers};

pub const EXAMPLES: &str = "\
Examples:
  terraform show -json tfplan > plan.json && valet-gen plan-review plan.json
  terraform show -json tfplan | valet-gen plan-review - --format github
  valet-gen plan-review plan.json --waivers plan-waivers.toml --format sarif > plan.sarif";

/// The largest plan that is read, in bytes.
const MAX_PLAN_BYTES: u64 = 512 * 1024 * 1024;

/// How a review is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReviewFormat {
    /// For people at a terminal.
    #[default]
    Human,
    /// One JSON document, for scripts.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub Actions workflow commands, for annotations on a pull request.
    Github,
    /// For a page or a comment.
    Markdown,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What `terraform show -json` printed of a saved plan; `-` reads standard input.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// A TOML file of waivers: `[[waiver]]` with rule, address, reason and expires.
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    /// How the review is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReviewFormat,
    /// Treat warnings as errors.
    #[arg(long)]
    deny_warnings: bool,
}

pub fn run(arguments: &Args) -> Exit {
    match reviewed(arguments) {
        Ok(review) => {
            print::to_stdout(printed(&review, arguments.format));
            verdict(&review, arguments.deny_warnings)
        }
        Err(exit) => exit,
    }
}

fn reviewed(arguments: &Args) -> Result<PlanReview, Exit> {
    let text = read_plan(&arguments.plan)?;
    let shown = shown(&arguments.plan);
    let plan = terraform_plan::read(&text)
        .map_err(|error| file_error(&shown, &error.problem, error.help))?;
    let waivers = match &arguments.waivers {
        Some(path) => read_waivers(path)?,
        None => Vec::new(),
    };
    Ok(review::review(&plan, &waivers, pipeline::today()))
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    path.display().to_string()
}

fn read_plan(path: &Path) -> Result<String, Exit> {
    let help = "name what `terraform show -json PLAN` printed, or `-` for standard input";
    let fail = |problem: &dyn std::fmt::Display| file_error(&shown(path), &problem, help);
    let source: Box<dyn std::io::Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path).map_err(|error| fail(&error))?)
    };
    let mut bytes = Vec::new();
    let read = source.take(MAX_PLAN_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| fail(&error))?;
    if bytes.len() as u64 > MAX_PLAN_BYTES {
        return Err(fail(&format!("it is larger than {MAX_PLAN_BYTES} bytes")));
    }
    // A saved plan is an archive, which is told from broken text by its first letters.
    if bytes.starts_with(b"PK") {
        return Ok("PK".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| fail(&"it is not UTF-8"))
}

fn read_waivers(path: &Path) -> Result<Vec<waivers::Waiver>, Exit> {
    let help =
        "write `[[waiver]]` with rule, address, reason and expires, such as `expires = 2027-01-31`";
    let fail = |problem: &dyn std::fmt::Display| file_error(&path.display(), &problem, help);
    let text = std::fs::read_to_string(path).map_err(|error| fail(&error))?;
    let codes: Vec<&str> = review::explanations()
        .map(|explanation| explanation.code)
        .collect();
    waivers::read(&text, &codes).map_err(|error| fail(&error))
}

fn printed(review: &PlanReview, format: ReviewFormat) -> String {
    let reports = std::slice::from_ref(&review.report);
    match format {
        ReviewFormat::Human => format!(
            "{}plan: {}; {}\n",
            diagnostic::print(reports, DiagnosticFormat::Human, true),
            plan_markdown::summary(review),
            plan_markdown::verdict(review)
        ),
        ReviewFormat::Json => review.to_json(),
        ReviewFormat::Sarif => diagnostic::print(reports, DiagnosticFormat::Sarif, false),
        ReviewFormat::Github => diagnostic::print(reports, DiagnosticFormat::Github, false),
        ReviewFormat::Markdown => plan_markdown::print(review),
    }
}

fn verdict(review: &PlanReview, deny_warnings: bool) -> Exit {
    let warnings = review.count(Severity::Warning);
    if review.report.has_errors() || deny_warnings && warnings > 0 {
        return Exit::PlanRejected;
    }
    Exit::Success
}
