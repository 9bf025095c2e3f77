//! Rules about waivers of hardening controls.

use super::finding::{Finding, Findings};
use super::identifiers::{did_you_mean, duplicates};
use super::rule::{Context, Rule};
use crate::catalog::{controls, most_similar};
use crate::derive::image::applies;
use crate::diagnostic::Severity;
use crate::fleet::Waiver;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "image.waiver-unknown",
        severity: Severity::Error,
        title: "A waiver names a control of docs/controls.md",
        reason: "With a misspelt name, the control that was meant stays in force.",
        run: unknown,
    },
    Rule {
        code: "image.waiver-unused",
        severity: Severity::Error,
        title: "A waiver names a control that applies and can be waived",
        reason: "Controls that protect credentials and remote access cannot be waived in a file. A \
              control outside the profile does not apply anyway.",
        run: unused,
    },
    Rule {
        code: "image.waiver-expired",
        severity: Severity::Error,
        title: "A waiver has not expired",
        reason: "A waiver is temporary. After its date somebody reviews it, and extends or removes \
              it.",
        run: expired,
    },
    Rule {
        code: "image.waiver-reason",
        severity: Severity::Error,
        title: "A waiver has a reason",
        reason: "Reviewers and auditors judge the waiver by its reason alone.",
        run: reason,
    },
    Rule {
        code: "image.waiver-twice",
        severity: Severity::Error,
        title: "A control is waived once",
        reason: "Two waivers have two expiry dates, and the later one would hide the earlier.",
        run: twice,
    },
];

fn declared<'a>(context: &Context<'a>) -> impl Iterator<Item = (usize, &'a Waiver)> + use<'a> {
    context.fleet.image.hardening.waivers.iter().enumerate()
}

fn path(index: usize, key: &str) -> Path {
    Path::of("image.hardening.waivers").index(index).key(key)
}

fn unknown(context: &Context<'_>, findings: &mut Findings) {
    for (index, waiver) in declared(context) {
        if controls::find(&waiver.control).is_some() {
            continue;
        }
        let ids = controls::all().map(|control| control.id);
        findings.push(
            Finding::new(
                path(index, "control"),
                format!("there is no control `{}`", waiver.control),
            )
            .label("unknown control")
            .help(did_you_mean(
                most_similar(&waiver.control, ids),
                "docs/controls.md lists the controls",
            )),
        );
    }
}

fn unused(context: &Context<'_>, findings: &mut Findings) {
    let profile = context.fleet.image.hardening.profile;
    for (index, waiver) in declared(context) {
        let Some(control) = controls::find(&waiver.control) else {
            continue;
        };
        let label = if !control.waivable {
            "this control cannot be waived"
        } else if !control.is_in(profile) {
            "not a control of this profile"
        } else if !applies(control, profile, context.fleet.access.ssh) {
            "does not apply: access.ssh keeps sshd"
        } else {
            continue;
        };
        findings.push(
            Finding::new(
                path(index, "control"),
                format!("the waiver of `{}` has no effect", control.id),
            )
            .label(label)
            .help(format!(
                "remove the waiver; the control says: {}",
                control.title
            )),
        );
    }
}

fn expired(context: &Context<'_>, findings: &mut Findings) {
    for (index, waiver) in declared(context) {
        if waiver.expires.0 < context.today {
            findings.push(
                Finding::new(
                    path(index, "expires"),
                    format!("the waiver of `{}` has expired", waiver.control),
                )
                .label("this date is in the past")
                .help("remove the waiver, or review its reason and choose a later day"),
            );
        }
    }
}

fn reason(context: &Context<'_>, findings: &mut Findings) {
    /// Shorter than any sentence that says something.
    const SHORTEST: usize = 10;
    for (index, waiver) in declared(context) {
        if waiver.reason.trim().chars().count() < SHORTEST {
            findings.push(
                Finding::new(
                    path(index, "reason"),
                    format!("the waiver of `{}` has no usable reason", waiver.control),
                )
                .label("too short to be a reason")
                .help(
                    "describe what breaks while the control is on, for the reviewer of this file",
                ),
            );
        }
    }
}

fn twice(context: &Context<'_>, findings: &mut Findings) {
    for (index, first) in duplicates(declared(context).map(|(_, waiver)| &waiver.control)) {
        let control = &context.fleet.image.hardening.waivers[index].control;
        findings.push(
            Finding::new(
                path(index, "control"),
                format!("`{control}` is waived twice"),
            )
            .label("waived again")
            .related(path(first, "control"), "waived here first")
            .help("keep one of them"),
        );
    }
}
