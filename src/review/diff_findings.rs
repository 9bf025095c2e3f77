//! A comparison as diagnostics, for annotations and code scanning.

use super::diff_document::{Class, EnvironmentDiff, FleetDiff};
use super::side::Side;
use crate::diagnostic::{Diagnostic, DiagnosticReport, Explanation, Severity, Subject};

const fn explanation(code: &'static str, title: &'static str, reason: &'static str) -> Explanation {
    Explanation {
        code,
        severity: Severity::Warning,
        title,
        reason,
    }
}

const ROLLING: Explanation = explanation(
    "change.rolling",
    "A change that replaces every worker is meant",
    "A new launch template starts an instance refresh. Each instance drains, and a task that needs \
     longer than the drain budget is ended",
);
const INTERRUPTING: Explanation = explanation(
    "change.interrupting",
    "A change that takes something away for a time is meant",
    "A resource that is replaced is deleted before or after its successor is there. What workers \
     need of it is away meanwhile",
);
const DESTRUCTIVE: Explanation = explanation(
    "change.destructive",
    "A change that loses data is meant",
    "What a bucket, a key, a secret or a log group holds goes with it. Terraform makes the resource \
     again, and never what was in it",
);
const WIDENS_ACCESS: Explanation = explanation(
    "change.widens-access",
    "A change that opens something is meant",
    "A new permission, a new connection or a control that is lost is easily missed beside a larger \
     change, so it is told apart from it",
);

/// Every finding that a comparison can give.
pub const EXPLANATIONS: [Explanation; 4] = [ROLLING, INTERRUPTING, DESTRUCTIVE, WIDENS_ACCESS];

/// The comparison as findings about the second fleet.
#[must_use]
pub fn report(diff: &FleetDiff, after: &Side) -> DiagnosticReport {
    let mut diagnostics = Vec::new();
    for environment in &diff.environments {
        diagnostics.extend(of_class(diff, environment));
        if environment.widens_access {
            diagnostics.push(diagnostic(
                &WIDENS_ACCESS,
                diff,
                environment,
                &all_causes(environment),
                format!("{} opens something", environment.environment),
                opened(environment),
                "grant what the code calls and open what it connects to",
            ));
        }
    }
    DiagnosticReport::new(after.source.clone(), diagnostics)
}

fn of_class(diff: &FleetDiff, environment: &EnvironmentDiff) -> Option<Diagnostic> {
    let explanation = match environment.class {
        Class::None | Class::InPlace => return None,
        Class::Rolling => &ROLLING,
        Class::Interrupting => &INTERRUPTING,
        Class::Destructive => &DESTRUCTIVE,
    };
    let of_class = environment
        .resources
        .iter()
        .filter(|one| one.class == environment.class);
    let addresses: Vec<&str> = of_class
        .clone()
        .map(|one| one.address.as_str())
        .take(5)
        .collect();
    let causes: Vec<String> = of_class.flat_map(|one| one.causes.clone()).collect();
    Some(diagnostic(
        explanation,
        diff,
        environment,
        &causes,
        format!(
            "{} changes: {}",
            environment.environment,
            environment.class.as_str()
        ),
        addresses.join(", "),
        "read what `valet-gen diff` says of it, and undo the change or choose the hour of its apply",
    ))
}

fn diagnostic(
    explanation: &Explanation,
    diff: &FleetDiff,
    environment: &EnvironmentDiff,
    causes: &[String],
    message: String,
    label: String,
    help: &str,
) -> Diagnostic {
    let cause = diff
        .causes
        .iter()
        .find(|cause| causes.contains(&cause.path));
    Diagnostic {
        code: explanation.code,
        severity: explanation.severity,
        title: explanation.title,
        reason: explanation.reason,
        message,
        subject: Subject::Source,
        span: cause.map_or(0..0, |cause| cause.span.clone()),
        label,
        related: Vec::new(),
        help: help.to_owned(),
        environments: vec![environment.environment.clone()],
    }
}

fn all_causes(environment: &EnvironmentDiff) -> Vec<String> {
    environment
        .resources
        .iter()
        .flat_map(|one| one.causes.clone())
        .collect()
}

fn opened(environment: &EnvironmentDiff) -> String {
    let posture = &environment.posture;
    let lists = [
        &posture.permissions_added,
        &posture.connections_opened,
        &posture.exposed,
        &posture.controls_lost,
    ];
    let all: Vec<&str> = lists
        .into_iter()
        .flatten()
        .map(String::as_str)
        .take(3)
        .collect();
    if all.is_empty() {
        "the environment is new".to_owned()
    } else {
        all.join("; ")
    }
}
