//! Rules about `[[plan_waiver]]`. Whether one waives anything is known only where there is a plan: `plan-review` says it.

use super::finding::{Finding, Findings};
use super::identifiers::did_you_mean;
use super::rule::{Context, Rule};
use crate::catalog::most_similar;
use crate::catalog::plan_rules::PLAN_RULES;
use crate::derive::identity::ACCOUNT;
use crate::diagnostic::Severity;
use crate::fleet::PlanWaiver;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "plan-waiver.rule-unknown",
        severity: Severity::Error,
        title: "A waiver names a rule of `plan-review`",
        reason: "With a misspelt code, the finding that was meant still counts.",
        run: rule_unknown,
    },
    Rule {
        code: "plan-waiver.address-empty",
        severity: Severity::Error,
        title: "A waiver names an address",
        reason: "Without an address a waiver covers no resource. `*` stands for any characters, and alone it covers \
              every resource.",
        run: address_empty,
    },
    Rule {
        code: "plan-waiver.environment-unknown",
        severity: Severity::Error,
        title: "A waiver names an environment of this file, or `account`",
        reason: "With a misspelt name, the waiver holds for the plan of no environment.",
        run: environment_unknown,
    },
    Rule {
        code: "plan-waiver.reason-empty",
        severity: Severity::Error,
        title: "A waiver of a finding has a reason",
        reason: "Reviewers judge the waiver by its reason alone.",
        run: reason_empty,
    },
    Rule {
        code: "plan-waiver.expired",
        severity: Severity::Warning,
        title: "A waiver of a finding has not expired",
        reason: "After its day the finding counts again, and `plan-review` reports the waiver beside it.",
        run: expired,
    },
];

fn declared<'a>(context: &Context<'a>) -> impl Iterator<Item = (usize, &'a PlanWaiver)> + use<'a> {
    context.fleet.plan_waiver.iter().enumerate()
}

fn path(index: usize, key: &str) -> Path {
    Path::of("plan_waiver").index(index).key(key)
}

fn rule_unknown(context: &Context<'_>, findings: &mut Findings) {
    for (index, waiver) in declared(context) {
        if PLAN_RULES.contains(&waiver.rule.as_str()) {
            continue;
        }
        let near = most_similar(&waiver.rule, PLAN_RULES.iter().copied());
        findings.push(
            Finding::new(
                path(index, "rule"),
                format!("`plan-review` has no rule `{}`", waiver.rule),
            )
            .label("unknown rule")
            .help(did_you_mean(
                near,
                "docs/diagnostics.md lists the rules; those about a plan begin with `plan.`",
            )),
        );
    }
}

fn address_empty(context: &Context<'_>, findings: &mut Findings) {
    for (index, waiver) in declared(context) {
        if waiver.address.trim().is_empty() {
            findings.push(
                Finding::new(
                    path(index, "address"),
                    format!("the waiver of {} names no address", waiver.rule),
                )
                .label("empty")
                .help("write the address that the finding shows, such as `aws_ssm_parameter.secret[*]`"),
            );
        }
    }
}

fn environment_unknown(context: &Context<'_>, findings: &mut Findings) {
    for (index, waiver) in declared(context) {
        let Some(name) = &waiver.environment else {
            continue;
        };
        if name == ACCOUNT || context.environments.contains(&name.as_str()) {
            continue;
        }
        let known = context.environments.iter().copied().chain([ACCOUNT]);
        let all: Vec<&str> = known.clone().collect();
        findings.push(
            Finding::new(
                path(index, "environment"),
                format!("there is no environment `{name}`"),
            )
            .label("unknown environment")
            .help(did_you_mean(
                most_similar(name, known),
                &format!("one of: {}", all.join(", ")),
            )),
        );
    }
}

fn reason_empty(context: &Context<'_>, findings: &mut Findings) {
    for (index, waiver) in declared(context) {
        if waiver.reason.trim().is_empty() {
            findings.push(
                Finding::new(
                    path(index, "reason"),
                    format!("the waiver of {} has no reason", waiver.rule),
                )
                .label("empty")
                .help("say why the change is meant, for the reviewer of this file"),
            );
        }
    }
}

fn expired(context: &Context<'_>, findings: &mut Findings) {
    for (index, waiver) in declared(context) {
        if waiver.expires.0 < context.today {
            findings.push(
                Finding::new(
                    path(index, "expires"),
                    format!("the waiver of {} has expired", waiver.rule),
                )
                .label("this date is in the past")
                .help("remove the waiver, or review its reason and choose a later day"),
            );
        }
    }
}
