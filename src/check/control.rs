//! Rules about `[control]`.

use super::finding::{Finding, Findings};
use super::identifiers::{did_you_mean, duplicates};
use super::rule::{Context, Rule};
use crate::catalog::most_similar;
use crate::derive::control::secret;
use crate::derive::scaling::publishes_queue;
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "control.secret-unknown",
        severity: Severity::Error,
        title: "The secret that a control plane reads is one of `[secrets]`",
        reason: "Its policy allows this one secret by its name in the store, which Terraform makes for those of \
                 `[secrets]` alone.",
        run: secret_unknown,
    },
    Rule {
        code: "control.without-tasks",
        severity: Severity::Error,
        title: "A control plane publishes the queues of tasks that are listed",
        reason: "It and the agents publish the queues of the same tasks, so that scaling goes on while one of the two \
                 is down. Without `worker.hatchet.tasks` there is no queue that either could publish.",
        run: without_tasks,
    },
    Rule {
        code: "control.not-enabled",
        severity: Severity::Error,
        title: "A table `[control]` with other keys says `enabled = true`",
        reason: "Without it there is neither a policy nor a role, and the other keys have no effect.",
        run: not_enabled,
    },
    Rule {
        code: "control.trusted-twice",
        severity: Severity::Error,
        title: "Every role that may act as the control plane is listed once",
        reason: "A second entry has no effect, and is easily taken for another role.",
        run: trusted_twice,
    },
];

fn path(key: &str) -> Path {
    Path::of("control").key(key)
}

fn secret_unknown(context: &Context<'_>, findings: &mut Findings) {
    let fleet = context.fleet;
    let Some(name) = fleet.control.secret.as_deref() else {
        return;
    };
    if secret(fleet).is_some() {
        return;
    }
    let known = fleet.secrets.keys().map(String::as_str);
    let all: Vec<&str> = known.clone().collect();
    findings.push(
        Finding::new(path("secret"), format!("there is no secret `{name}`"))
            .label("not a name of `[secrets]`")
            .related(Path::of("secrets"), "the secrets")
            .help(did_you_mean(
                most_similar(name, known),
                &format!("the secrets are {}", all.join(", ")),
            )),
    );
}

fn without_tasks(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.control.enabled && !publishes_queue(context.fleet) {
        findings.push(
            Finding::new(
                path("enabled"),
                "a control plane has no task whose queue it could publish",
            )
            .label("no tasks are listed")
            .related(Path::of("worker.hatchet.tasks"), "the tasks")
            .help("list the tasks of your Hatchet workflows in `worker.hatchet.tasks`"),
        );
    }
}

fn not_enabled(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.control.enabled {
        return;
    }
    // `enabled = false` beside them switches it off for a time, or in one environment.
    if context.is_declared("control.enabled") {
        return;
    }
    for key in ["runs_on", "trusted_role_arns", "secret"] {
        if context.tree.contains(&path(key)) {
            findings.push(
                Finding::new(
                    path(key),
                    "`[control]` does not say that there is a control plane",
                )
                .on_key()
                .label("has no effect")
                .help("add `enabled = true` to `[control]`, or remove the table"),
            );
            return;
        }
    }
}

fn trusted_twice(context: &Context<'_>, findings: &mut Findings) {
    let roles = &context.fleet.control.trusted_role_arns;
    for (index, first) in duplicates(roles) {
        let list = path("trusted_role_arns");
        findings.push(
            Finding::new(
                list.clone().index(index),
                format!("role `{}` is listed twice", roles[index]),
            )
            .label("listed again")
            .related(list.index(first), "listed here first")
            .help("remove one of them"),
        );
    }
}
