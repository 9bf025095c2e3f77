//! Every rule over every environment.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::civil::Date;

use super::RULES;
use super::diagnostic_set::DiagnosticSet;
use super::finding::Findings;
use super::rule::Context;
use crate::catalog::secret_scanner;
use crate::derive::identity;
use crate::diagnostic::{Diagnostic, DiagnosticReport, SourceText};
use crate::fleet::Fleet;
use crate::load::{DiscardedSetting, Loaded};

/// A fleet whose every environment keeps every rule. Only [`check`] makes one.
#[derive(Clone, Debug)]
pub struct Checked {
    base: Fleet,
    environments: Vec<(String, Fleet)>,
}

impl Checked {
    /// The file without any overlay.
    #[must_use]
    pub fn base(&self) -> &Fleet {
        &self.base
    }

    /// Every environment by its name, in the order of the names.
    #[must_use]
    pub fn environments(&self) -> &[(String, Fleet)] {
        &self.environments
    }
}

/// What [`check`] comes to: the fleet, unless a rule is broken, and everything that was found.
pub struct CheckOutcome {
    pub checked: Option<Checked>,
    /// Errors and warnings; only warnings when there is a fleet.
    pub report: DiagnosticReport,
}

/// Runs every rule over every environment.
#[must_use]
pub fn check(source: &SourceText, loaded: Loaded<'_>, today: Date) -> CheckOutcome {
    let mut found = DiagnosticSet::default();
    for (environment, violation) in &loaded.violations {
        found.add(environment, violation.clone());
    }
    let credentials = secret_scanner::find(&source.text);
    let names: Vec<&str> = loaded
        .environments
        .iter()
        .map(|environment| environment.name.as_str())
        .collect();
    let mut prefixes = BTreeMap::new();
    for environment in &loaded.environments {
        prefixes
            .entry(identity::prefix(
                &environment.fleet.identity,
                &environment.name,
            ))
            .or_insert((environment.name.as_str(), &environment.fleet));
    }
    for environment in &loaded.environments {
        let context = Context {
            environment: &environment.name,
            environments: &names,
            prefixes: &prefixes,
            environment_span: environment.span.as_ref(),
            fleet: &environment.fleet,
            tree: &environment.tree,
            base: &loaded.base.tree,
            credentials: &credentials,
            recurrences: OnceCell::new(),
            occurrences: OnceCell::new(),
            today,
        };
        for diagnostic in run_rules(&context, &environment.discarded) {
            found.add(&environment.name, diagnostic);
        }
    }
    let report = DiagnosticReport::new(source.clone(), found.into_diagnostics(&names))
        .with_omitted(loaded.omitted);
    let checked = (!report.has_errors()).then(|| Checked {
        base: loaded.base.fleet,
        environments: loaded
            .environments
            .into_iter()
            .map(|environment| (environment.name, environment.fleet))
            .collect(),
    });
    CheckOutcome { checked, report }
}

fn run_rules(context: &Context<'_>, discarded: &[DiscardedSetting]) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for rule in RULES.iter().copied().flatten() {
        let mut findings = Findings::default();
        (rule.run)(context, &mut findings);
        let kept = findings.into_iter().filter(|finding| {
            !discarded
                .iter()
                .any(|discarded| finding.may_be_consequence_of(discarded, context.tree))
        });
        diagnostics.extend(kept.map(|finding| finding.into_diagnostic(rule, context.tree)));
    }
    diagnostics
}
