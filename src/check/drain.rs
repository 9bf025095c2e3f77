//! Rules about how long an instance may take to give up its work.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use super::spot::spot_share_path;
use crate::derive::drain::{self, AFTER_DRAIN_SECONDS, HOOK_SECONDS, SPOT_NOTICE_SECONDS};
use crate::derive::scaling;
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "worker.drain-over-spot-notice",
        severity: Severity::Error,
        title: "A drain fits into a spot instance's notice",
        reason: "EC2 interrupts a spot instance 120 s after the notice (EC2 user guide, spot \
              instance interruption notices). A task that runs longer is lost, and runs again on \
              another worker.",
        run: over_spot_notice,
    },
    Rule {
        code: "worker.drain-over-hook",
        severity: Severity::Error,
        title: "A drain fits into the terminate lifecycle hook",
        reason: "When the hook times out, EC2 Auto Scaling terminates the instance and the tasks on \
              it. After the drain the agent needs 40 s for the last metrics and for completing \
              the hook.",
        run: over_hook,
    },
    Rule {
        code: "worker.drain-over-stop-timeout",
        severity: Severity::Error,
        title: "A drain fits into systemd's stop timeout",
        reason: "After TimeoutStopSec systemd kills the agent, and the tasks with it. After the \
              drain the agent needs 40 s for the last metrics and for completing the lifecycle \
              hook.",
        run: over_stop_timeout,
    },
];

/// The key that was declared of the two that a drain consists of, and the other one.
fn keys(context: &Context<'_>) -> (Path, Path) {
    let (task, margin) = (
        "worker.drain.task_seconds",
        "worker.drain.safety_margin_seconds",
    );
    if context.is_declared(task) {
        (Path::of(task), Path::of(margin))
    } else {
        (Path::of(margin), Path::of(task))
    }
}

fn over_spot_notice(context: &Context<'_>, findings: &mut Findings) {
    let seconds = drain::seconds(&context.fleet.worker.drain);
    if !scaling::uses_spot(context.fleet) || seconds <= SPOT_NOTICE_SECONDS {
        return;
    }
    let (place, other) = keys(context);
    findings.push(
        Finding::new(
            place,
            format!("a drain of {seconds} s does not fit into a spot instance's notice"),
        )
        .label(format!(
            "EC2 gives {SPOT_NOTICE_SECONDS} s for the task and the margin together"
        ))
        .related(other, "also part of the drain")
        .related(spot_share_path(), "the other instances are spot")
        .help(
            "run long tasks on on-demand instances by setting \
             `on_demand_percentage_above_base_capacity = 100`, or shorten the drain",
        ),
    );
}

/// Reports a time that somebody waits for a drain, where it ends before the drain does.
fn ends_too_early(
    context: &Context<'_>,
    waits_seconds: u32,
    key: &str,
    what: &str,
    findings: &mut Findings,
) {
    let drain = &context.fleet.worker.drain;
    let (seconds, needed) = (drain::seconds(drain), drain::needed_seconds(drain));
    if waits_seconds >= needed {
        return;
    }
    let (task, margin) = keys(context);
    findings.push(
        Finding::new(
            Path::of("worker.drain").key(key),
            format!(
                "a drain of {seconds} s and the {AFTER_DRAIN_SECONDS} s after it do not fit into \
                 the {waits_seconds} s of {what}"
            ),
        )
        .label("ends before the drain does")
        .related(task, "part of the drain")
        .related(margin, "part of the drain")
        .help(format!(
            "set it to {needed} or more, or remove the key to have it computed"
        )),
    );
}

fn over_hook(context: &Context<'_>, findings: &mut Findings) {
    let drain = &context.fleet.worker.drain;
    let longest = *HOOK_SECONDS.end();
    if drain::needed_seconds(drain) > longest {
        let seconds = drain::seconds(drain);
        let (place, other) = keys(context);
        findings.push(
            Finding::new(
                place,
                format!(
                    "a drain of {seconds} s and the {AFTER_DRAIN_SECONDS} s after it do not fit \
                     into any lifecycle hook"
                ),
            )
            .label(format!(
                "a hook of EC2 Auto Scaling leaves {} s for the task and the margin together",
                longest - AFTER_DRAIN_SECONDS
            ))
            .related(other, "also part of the drain")
            .help(
                "shorten the drain: let tasks save their progress and continue on another worker",
            ),
        );
        return;
    }
    ends_too_early(
        context,
        drain::lifecycle_hook_seconds(drain),
        "lifecycle_hook_seconds",
        "the lifecycle hook",
        findings,
    );
}

fn over_stop_timeout(context: &Context<'_>, findings: &mut Findings) {
    ends_too_early(
        context,
        drain::stop_timeout_seconds(&context.fleet.worker.drain),
        "stop_timeout_seconds",
        "systemd's stop timeout",
        findings,
    );
}
