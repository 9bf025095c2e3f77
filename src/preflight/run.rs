//! Every check, as often as it takes until each has its answers.

use std::collections::{BTreeMap, BTreeSet};

use super::call::{Answer, Call};
use super::check::{Caller, Check, Context, Scope};
use super::checks::CHECKS;
use super::explanations::{EXPLANATIONS, NOT_CHECKED};
use super::facts::{Facts, Stop};
use super::finding::Findings;
use crate::check::DiagnosticSet;
use crate::diagnostic::{Diagnostic, DiagnosticReport, SourceText};
use crate::load::{Environment, Loaded, Path};
use crate::render::FileSet;
use crate::resolve::Plan;

/// Where answers come from: an account, or a trace of one.
pub trait Source {
    /// Asks all of it, and gives as many answers in the same order.
    fn ask(&mut self, calls: &[Call]) -> Vec<Answer>;
}

/// What is held against the account.
pub struct Subject<'s> {
    pub source: &'s SourceText,
    pub loaded: &'s Loaded<'s>,
    pub plan: &'s Plan,
    pub files: &'s FileSet,
    /// The environments whose module gets a repository by Terraform's variable `github_repository`.
    pub with_repository: &'s BTreeSet<String>,
}

/// Which checks run.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'s> {
    /// The only environment that is looked at; every one where it is left out.
    pub environment: Option<&'s str>,
    /// Whether only what concerns a bake is asked.
    pub only_for_bakes: bool,
    pub with_dry_runs: bool,
}

/// Rounds of questions: the longest chain of answers that lead to further questions, and some to spare.
const MAX_ROUNDS: usize = 8;

/// Runs the checks, and reports what they found in the text of fleet.toml.
#[must_use]
pub fn run(
    subject: &Subject<'_>,
    caller: &Caller,
    selection: Selection<'_>,
    source: &mut dyn Source,
) -> DiagnosticReport {
    let mut facts = Facts::default();
    for _ in 0..MAX_ROUNDS {
        let (report, is_whole) = round(subject, caller, selection, &facts);
        let wanted = facts.take_wanted();
        if is_whole || wanted.is_empty() {
            return report;
        }
        let answers = source.ask(&wanted);
        for (call, answer) in wanted.iter().zip(answers) {
            facts.add(call.key(), answer);
        }
    }
    round(subject, caller, selection, &facts).0
}

/// Runs each check once. Also says whether each had all its answers.
fn round(
    subject: &Subject<'_>,
    caller: &Caller,
    selection: Selection<'_>,
    facts: &Facts,
) -> (DiagnosticReport, bool) {
    let mut set = DiagnosticSet::default();
    let mut is_whole = true;
    let mut names = Vec::new();
    let wanted = |environment: &&Environment<'_>| {
        selection
            .environment
            .is_none_or(|name| name == environment.name)
    };
    for (position, environment) in subject
        .loaded
        .environments
        .iter()
        .filter(wanted)
        .enumerate()
    {
        let Some(resolved) = subject
            .plan
            .environments
            .iter()
            .find(|it| it.identity.environment == environment.name)
        else {
            continue;
        };
        names.push(environment.name.as_str());
        let context = Context {
            caller,
            plan: subject.plan,
            environment: resolved,
            fleet: &environment.fleet,
            tree: &environment.tree,
            files: subject.files,
            names_repository: subject.with_repository.contains(&environment.name),
            is_before_bake: selection.only_for_bakes,
            with_dry_runs: selection.with_dry_runs,
        };
        let is_asked = |check: &&Check| {
            (check.scope == Scope::Environment || position == 0)
                && (check.concerns_bakes || !selection.only_for_bakes)
        };
        let mut unknown: BTreeMap<(String, String, bool), Vec<&str>> = BTreeMap::new();
        for check in CHECKS.iter().copied().flatten().filter(is_asked) {
            let mut findings = Findings::default();
            match (check.run)(&context, facts, &mut findings) {
                Ok(()) => {}
                Err(Stop::Pending) => {
                    is_whole = false;
                    continue;
                }
                Err(Stop::NotKnown(question)) => findings.not_known(question),
            }
            for question in findings.not_known.drain(..) {
                let subjects = unknown
                    .entry((question.action, question.problem, question.is_denied))
                    .or_default();
                if !subjects.contains(&check.subject) {
                    subjects.push(check.subject);
                }
            }
            for diagnostic in diagnostics(findings, &context) {
                set.add(&environment.name, diagnostic);
            }
        }
        for diagnostic in diagnostics(not_checked(unknown), &context) {
            set.add(&environment.name, diagnostic);
        }
    }
    // What holds of the account is found with the first environment, and is nothing of that one's own.
    let mut diagnostics = set.into_diagnostics(&names);
    let account_codes = |code: &str| {
        ["detector", "trail", "inspector"]
            .iter()
            .any(|it| code.contains(it))
    };
    for diagnostic in diagnostics.iter_mut().filter(|it| account_codes(it.code)) {
        diagnostic.environments.clear();
    }
    (
        DiagnosticReport::new(subject.source.clone(), diagnostics),
        is_whole,
    )
}

fn diagnostics(findings: Findings, context: &Context<'_>) -> Vec<Diagnostic> {
    let findings = findings.list.into_iter();
    findings
        .filter_map(|finding| {
            let explanation = EXPLANATIONS.iter().find(|it| it.code == finding.code)?;
            Some(finding.into_diagnostic(explanation, context.tree))
        })
        .collect()
}

/// Each question without an answer once, with all that is not known for it.
fn not_checked(unknown: BTreeMap<(String, String, bool), Vec<&str>>) -> Findings {
    let mut findings = Findings::default();
    for ((action, problem, is_denied), subjects) in unknown {
        let help = if is_denied {
            format!(
                "allow {action} to whoever runs this; `valet-gen preflight --policy` prints all that is asked"
            )
        } else {
            "run preflight again; what it could not ask is not known to be well".to_owned()
        };
        findings.add(
            NOT_CHECKED,
            Path::of("fleet.region"),
            format!("not checked: {}", subjects.join(", ")),
            format!("{action}: {problem}"),
            help,
        );
    }
    findings
}
