//! Second stage: the rules. Every rule runs over every environment, and everything that they
//! find is reported at once.
//!
//! To add a rule: one entry in the slice of its table's file, and a file
//! `tests/diagnostics/<code>.toml` that breaks it.

mod access;
mod alarm;
mod alerts;
mod arn;
mod backend;
mod command;
mod drain;
mod environments;
mod finding;
mod https_url;
mod iam;
mod identifiers;
mod identity;
mod image;
mod instance_types;
mod instances;
mod network;
mod payload;
mod program_users;
mod scaling;
mod schedule;
mod schedule_times;
mod schedule_zones;
mod secret_value;
mod secrets;
mod spot;
mod tags;
mod telemetry;
mod terraform;
mod version;
mod waivers;
mod worker;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;

pub use finding::{Finding, Findings};

use crate::calendar::cron::Recurrence;
use crate::catalog::secret_scanner::{self, Credential};
use crate::diagnostic::{Diagnostic, DiagnosticReport, Explanation, Severity, SourceText};
use crate::fleet::Fleet;
use crate::load::{DiscardedSetting, Loaded, Path, SpannedTree};

/// One rule: what it finds, why that is wrong, and the function that looks for it.
pub struct Rule {
    /// Stable name, `table.problem`.
    pub code: &'static str,
    pub severity: Severity,
    /// The rule as a sentence: what must hold.
    pub title: &'static str,
    /// What goes wrong where it does not hold, with the source of each limit.
    pub reason: &'static str,
    pub run: fn(&Context<'_>, &mut Findings),
}

/// Every rule, by the table that it is about.
pub const RULES: &[&[Rule]] = &[
    version::RULES,
    identity::RULES,
    tags::RULES,
    environments::RULES,
    arn::RULES,
    terraform::RULES,
    backend::RULES,
    iam::RULES,
    network::vpc_cidr::RULES,
    network::zones::RULES,
    network::subnets::RULES,
    network::existing::RULES,
    network::endpoints::RULES,
    network::egress::RULES,
    network::flow_logs::RULES,
    instance_types::RULES,
    spot::RULES,
    instances::RULES,
    scaling::RULES,
    schedule::RULES,
    schedule_zones::RULES,
    schedule_times::RULES,
    image::RULES,
    payload::RULES,
    waivers::RULES,
    worker::RULES,
    program_users::RULES,
    command::RULES,
    telemetry::RULES,
    drain::RULES,
    secrets::RULES,
    secret_value::RULES,
    access::RULES,
    alerts::RULES,
    alarm::RULES,
];

/// What a rule may look at: one environment, the file around it, and today's date.
pub struct Context<'a> {
    pub environment: &'a str,
    /// Where the file names the environment; `None` for the default one.
    pub environment_span: Option<&'a Range<usize>>,
    pub fleet: &'a Fleet,
    pub tree: &'a SpannedTree<'a>,
    /// The file without any overlay.
    pub base: &'a SpannedTree<'a>,
    /// What looks like a credential anywhere in the file, comments included.
    pub credentials: &'a [Credential],
    /// What [`schedule::recurrences`] gives.
    recurrences: OnceCell<Vec<Result<Recurrence, String>>>,
    /// What the rules of [`schedule_times`] go through.
    occurrences: OnceCell<Vec<schedule_times::Occurrence<'a>>>,
    /// The day on which waivers are held against their expiry.
    pub today: Date,
}

impl Context<'_> {
    /// Whether the user declared something at this path, rather than leaving it to its default.
    #[must_use]
    pub fn is_declared(&self, path: &str) -> bool {
        self.tree.contains(&Path::of(path))
    }
}

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
    for environment in &loaded.environments {
        let context = Context {
            environment: &environment.name,
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
    let names: Vec<&str> = loaded
        .environments
        .iter()
        .map(|environment| environment.name.as_str())
        .collect();
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

/// Findings of several environments, each once, with the environments that it was found in.
#[derive(Default)]
struct DiagnosticSet {
    order: Vec<Diagnostic>,
    /// Where in the order the findings of a code at a place are.
    places: BTreeMap<(usize, &'static str), Vec<usize>>,
    environments: BTreeMap<usize, Vec<String>>,
}

impl DiagnosticSet {
    fn add(&mut self, environment: &str, diagnostic: Diagnostic) {
        let place = (diagnostic.span.start, diagnostic.code);
        let here = self.places.entry(place).or_default();
        let known = here.iter().find(|index| self.order[**index] == diagnostic);
        let index = match known {
            Some(index) => *index,
            None => {
                self.order.push(diagnostic);
                here.push(self.order.len() - 1);
                self.order.len() - 1
            }
        };
        let environments = self.environments.entry(index).or_default();
        if !environments.iter().any(|name| name == environment) {
            environments.push(environment.to_owned());
        }
    }

    fn into_diagnostics(mut self, all: &[&str]) -> Vec<Diagnostic> {
        for (index, diagnostic) in self.order.iter_mut().enumerate() {
            let environments = self.environments.remove(&index).unwrap_or_default();
            let everywhere = all
                .iter()
                .all(|name| environments.iter().any(|found| found == name));
            if !everywhere {
                diagnostic.environments = environments;
            }
        }
        self.order
    }
}

/// Every diagnostic that the generator can give, those of the shape first.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    let shape = crate::load::SCHEMA_EXPLANATIONS.iter().copied();
    let rules = RULES.iter().copied().flatten().map(|rule| Explanation {
        code: rule.code,
        severity: rule.severity,
        title: rule.title,
        reason: rule.reason,
    });
    shape.chain(rules)
}

/// The explanation of a code.
#[must_use]
pub fn explain(code: &str) -> Option<Explanation> {
    explanations().find(|explanation| explanation.code == code)
}
