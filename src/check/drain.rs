//! Rules about how long an instance may take to give up its work.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use super::spot::spot_share_path;
use crate::derive::drain::{
    self, AFTER_DRAIN_SECONDS, HOOK_EXTENSIONS, LONGEST_WAIT_SECONDS, SPOT_NOTICE_SECONDS,
};
use crate::derive::scaling;
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "worker.drain-over-spot-notice",
        severity: Severity::Error,
        title: "A drain after a spot interruption notice fits into it",
        reason: "EC2 interrupts a spot instance 120 s after the notice (EC2 user guide, spot \
              instance interruption notices). The safety margin is part of them; a task that runs \
              longer is given back and runs again on another worker.",
        run: over_spot_notice,
    },
    Rule {
        code: "worker.drain-over-hook",
        severity: Severity::Error,
        title: "A drain for the group fits into what its lifecycle hook can be extended to",
        reason: "The agent extends the terminate lifecycle hook while tasks run. EC2 Auto Scaling \
              lets a hook wait for 100 times its heartbeat timeout and for 48 hours at most (EC2 \
              Auto Scaling user guide, lifecycle hooks), and then terminates the instance and the \
              tasks on it. After the drain the agent needs 40 s for the last metrics and for \
              completing the hook.",
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
    let drain = &context.fleet.worker.drain;
    let margin = drain.safety_margin_seconds.get();
    let tasks = drain::least_spot_seconds(drain);
    if !scaling::uses_spot(context.fleet) || tasks + margin <= SPOT_NOTICE_SECONDS {
        return;
    }
    let (margin_key, spot_key) = (
        Path::of("worker.drain.safety_margin_seconds"),
        Path::of("worker.drain.spot_seconds"),
    );
    let finding = if drain.spot_seconds.is_some() {
        Finding::new(
            spot_key,
            format!(
                "{tasks} s for tasks and a margin of {margin} s do not fit into a spot instance's notice"
            ),
        )
        .related(margin_key, "also part of the drain")
    } else {
        Finding::new(
            margin_key,
            format!("a margin of {margin} s leaves tasks no time of a spot instance's notice"),
        )
    };
    findings.push(
        finding
            .label(format!(
                "EC2 gives {SPOT_NOTICE_SECONDS} s for the tasks and the margin together"
            ))
            .related(spot_share_path(), "the other instances are spot")
            .help(
                "shorten the two to 120 s together, or run tasks that cannot be given back on \
                 on-demand instances by setting `on_demand_percentage_above_base_capacity = 100`",
            ),
    );
}

fn over_hook(context: &Context<'_>, findings: &mut Findings) {
    let drain = &context.fleet.worker.drain;
    let hook = drain::lifecycle_hook_seconds(drain);
    let (longest, needed) = (
        drain::longest_wait_seconds(hook),
        drain::needed_of_group_seconds(drain),
    );
    if needed <= longest {
        return;
    }
    let hook_key = Path::of("worker.drain").key("lifecycle_hook_seconds");
    let declared = "worker.drain.group_seconds";
    let budget = if context.is_declared(declared) {
        Path::of(declared)
    } else {
        keys(context).0
    };
    let tasks = drain::group_seconds(drain);
    let message = format!(
        "{tasks} s for tasks, the margin and the {AFTER_DRAIN_SECONDS} s after them do not fit into the {longest} s that \
         the lifecycle hook can be extended to"
    );
    let enough = needed.div_ceil(HOOK_EXTENSIONS);
    let finding = if drain.lifecycle_hook_seconds.is_some() && needed <= LONGEST_WAIT_SECONDS {
        Finding::new(hook_key, message)
            .label(format!("{HOOK_EXTENSIONS} times this is all that it waits"))
            .related(budget, "what tasks have when the group ends the instance")
            .help(format!(
                "set it to {enough} or more, or leave out `lifecycle_hook_seconds`, which is computed then"
            ))
    } else {
        Finding::new(budget, message)
            .label("longer than EC2 Auto Scaling waits")
            .help(format!(
                "shorten it to {} s: let tasks save their progress and continue on another worker",
                LONGEST_WAIT_SECONDS - AFTER_DRAIN_SECONDS - drain.safety_margin_seconds.get()
            ))
    };
    findings.push(finding);
}

fn over_stop_timeout(context: &Context<'_>, findings: &mut Findings) {
    let drain = &context.fleet.worker.drain;
    let waits_seconds = drain::stop_timeout_seconds(drain);
    let (seconds, needed) = (drain::seconds(drain), drain::needed_seconds(drain));
    if waits_seconds >= needed {
        return;
    }
    let (task, margin) = keys(context);
    findings.push(
        Finding::new(
            Path::of("worker.drain").key("stop_timeout_seconds"),
            format!(
                "a drain of {seconds} s and the {AFTER_DRAIN_SECONDS} s after it do not fit into \
                 the {waits_seconds} s of systemd's stop timeout"
            ),
        )
        .label("ends before the drain does")
        .related(task, "part of the drain")
        .related(margin, "part of the drain")
        .help(format!(
            "set it to {needed} or more, or leave out `stop_timeout_seconds`, which is computed then"
        )),
    );
}
