//! Rules about `[scaling]`.

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use crate::derive::scaling::{
    SizeBounds, largest_size, publishes_queue, queue_steps, scale_in, scales_by_queue,
    slots_target, starts_from_zero,
};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "scaling.min-above-max",
        severity: Severity::Error,
        title: "The smallest size is not above the largest",
        reason: "EC2 Auto Scaling refuses such a group, at apply.",
        run: min_above_max,
    },
    Rule {
        code: "scaling.max-zero",
        severity: Severity::Error,
        title: "The group can have at least one instance",
        reason: "A group whose largest size is 0 never runs anything. To stop a fleet for a time, a \
              schedule can set both sizes to 0.",
        run: max_zero,
    },
    Rule {
        code: "scaling.queue-without-tasks",
        severity: Severity::Error,
        title: "Queue scaling has tasks whose queues it reads",
        reason: "The workers publish the depth of the queues of `worker.hatchet.tasks`. Without \
              tasks there is no queue depth, and queue scaling has no effect.",
        run: queue_without_tasks,
    },
    Rule {
        code: "scaling.steps-none",
        severity: Severity::Warning,
        title: "Queue scaling has at least one step",
        reason: "With the queue on and no step, the group shrinks when the queue is empty and never \
              grows when it is deep.",
        run: steps_none,
    },
    Rule {
        code: "scaling.steps-too-many",
        severity: Severity::Error,
        title: "Queue scaling has at most ten steps",
        reason: "Each step is an alarm and a policy of its own. EC2 Auto Scaling allows 50 policies \
              and 20 step adjustments per policy; ten steps stay far below both quotas.",
        run: steps_too_many,
    },
    Rule {
        code: "scaling.steps-not-increasing",
        severity: Severity::Error,
        title: "Queue scaling steps are in the order of their queue depth",
        reason: "Two steps at one depth would both fire, and a list out of order is easily misread.",
        run: steps_not_increasing,
    },
    Rule {
        code: "scaling.step-target",
        severity: Severity::Error,
        title: "A step has exactly one of `add` and `to`",
        reason: "`add` raises the size by a number and `to` sets it; with both or neither it is not \
              clear what the step does.",
        run: step_target,
    },
    Rule {
        code: "scaling.step-above-max",
        severity: Severity::Error,
        title: "No step adds more than `max_size`",
        reason: "EC2 Auto Scaling caps the result at `max_size`, so the group never grows by that \
              number.",
        run: step_above_max,
    },
    Rule {
        code: "scaling.flapping",
        severity: Severity::Error,
        title: "The group does not scale in at a load at which it scales out",
        reason: "If slot use counts as idle above the target at which the group scales out, every \
              instance that is terminated is launched again.",
        run: flapping,
    },
    Rule {
        code: "scaling.zero-for-ever",
        severity: Severity::Warning,
        title: "Something starts the first worker of a group that begins with none",
        reason: "A group begins at its `min_size`. Workers publish the use of slots and processors, so a group of none \
              has nothing to grow by: only a queue or a schedule starts the first worker.",
        run: zero_for_ever,
    },
    Rule {
        code: "scaling.zero-with-queue",
        severity: Severity::Warning,
        title: "Queue scaling has a `min_size` of at least 1",
        reason: "Workers publish the queue depth. With no worker there is no metric, so only a \
              schedule or a control plane can scale the group out from 0.",
        run: zero_with_queue,
    },
];

fn steps() -> Path {
    Path::of("scaling.queue.steps")
}

fn min_above_max(context: &Context<'_>, findings: &mut Findings) {
    let SizeBounds {
        min_size: min,
        max_size: max,
    } = SizeBounds::of(&context.fleet.scaling);
    if max == 0 || min <= max {
        return;
    }
    let (place, other, word) = if context.is_declared("scaling.min_size") {
        ("scaling.min_size", "scaling.max_size", "the largest size")
    } else {
        ("scaling.max_size", "scaling.min_size", "the smallest size")
    };
    findings.push(
        Finding::new(
            Path::of(place),
            format!("a smallest size of {min} is above the largest size, {max}"),
        )
        .label(format!("{min} to {max} is not a valid range"))
        .related(Path::of(other), word)
        .help("raise `max_size`, or lower `min_size`"),
    );
}

fn max_zero(context: &Context<'_>, findings: &mut Findings) {
    if largest_size(&context.fleet.scaling, &context.fleet.schedule) == 0 {
        findings.push(
            Finding::new(
                Path::of("scaling.max_size"),
                "`max_size = 0` means that no instance ever runs",
            )
            .label("0 instances")
            .help("use 1 or more; a schedule can stop the fleet for a time"),
        );
    }
}

fn queue_without_tasks(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.scaling.queue.enabled == Some(true) && !publishes_queue(context.fleet) {
        findings.push(
            Finding::new(
                Path::of("scaling.queue.enabled"),
                "queue scaling is on, but no task's queue is published",
            )
            .label("no tasks are listed")
            .related(Path::of("worker.hatchet.tasks"), "the tasks")
            .help(
                "list the tasks in `worker.hatchet.tasks`, or remove `enabled`: slot use then \
                 decides alone",
            ),
        );
    }
}

fn steps_none(context: &Context<'_>, findings: &mut Findings) {
    let queue = &context.fleet.scaling.queue;
    if scales_by_queue(context.fleet) && queue.steps.is_empty() {
        findings.push(
            Finding::new(steps(), "queue scaling is on, but has no step")
                .label("no step")
                .help("add { at_least = 5, for_minutes = 3, add = 2 }, or set `enabled = false`"),
        );
    }
}

fn steps_too_many(context: &Context<'_>, findings: &mut Findings) {
    const MAX_STEPS: usize = 10;
    let count = context.fleet.scaling.queue.steps.len();
    if count > MAX_STEPS {
        findings.push(
            Finding::new(
                steps(),
                format!("{count} queue scaling steps are more than {MAX_STEPS}"),
            )
            .on_key()
            .label(format!("at most {MAX_STEPS}"))
            .help("merge steps with nearly the same queue depth"),
        );
    }
}

fn steps_not_increasing(context: &Context<'_>, findings: &mut Findings) {
    let depths = &context.fleet.scaling.queue.steps;
    for (index, pair) in depths.windows(2).enumerate() {
        let (earlier, later) = (pair[0].at_least, pair[1].at_least);
        if later <= earlier {
            let place = |index: usize| steps().index(index).key("at_least");
            findings.push(
                Finding::new(
                    place(index + 1),
                    format!("a step at depth {later} comes after one at {earlier}"),
                )
                .label("not deeper than the step before")
                .related(place(index), "the step before")
                .help("order the steps by `at_least`, each depth once"),
            );
        }
    }
}

fn step_target(context: &Context<'_>, findings: &mut Findings) {
    for (index, step) in context.fleet.scaling.queue.steps.iter().enumerate() {
        let (label, help) = match (step.add, step.to) {
            (Some(_), Some(_)) => ("both", "keep `add`, or `to`"),
            (None, None) => ("neither", "add `add = 2`, or `to = \"max\"`"),
            _ => continue,
        };
        let place = match step.add {
            Some(_) => steps().index(index).key("add"),
            None => steps().index(index).key("at_least"),
        };
        findings.push(
            Finding::new(place, "a step has exactly one of `add` and `to`")
                .label(label)
                .help(help),
        );
    }
}

fn step_above_max(context: &Context<'_>, findings: &mut Findings) {
    let largest = largest_size(&context.fleet.scaling, &context.fleet.schedule);
    // The usual steps are nobody's statement, so a small group may keep them.
    if largest == 0 || !context.is_declared("scaling.queue.steps") {
        return;
    }
    for (index, step) in queue_steps(context.fleet).iter().enumerate() {
        let Some(add) = step.add.filter(|add| add.get() > largest) else {
            continue;
        };
        findings.push(
            Finding::new(
                steps().index(index).key("add"),
                format!("a step adds {add} to a group that has at most {largest}"),
            )
            .label("more than `max_size`")
            .related(Path::of("scaling.max_size"), "the largest size")
            .help("write `to = \"max\"`, or add less"),
        );
    }
}

fn flapping(context: &Context<'_>, findings: &mut Findings) {
    let scaling = &context.fleet.scaling;
    let (Some(scale_in), Some(busy)) = (scale_in(context.fleet), slots_target(scaling)) else {
        return;
    };
    let idle = scale_in.below_slots_percent.get();
    if idle < busy {
        return;
    }
    let (idle_key, busy_key) = (
        "scaling.queue.scale_in.below_slots_percent",
        "scaling.slots.target_percent",
    );
    let (place, other, word) = if context.is_declared(idle_key) {
        (idle_key, busy_key, "the group scales out above this")
    } else {
        (busy_key, idle_key, "the group scales in below this")
    };
    findings.push(
        Finding::new(
            Path::of(place),
            format!("the group scales in below {idle} % and out above {busy} % slot use"),
        )
        .label("the group would alternate between scaling in and out")
        .related(Path::of(other), word)
        .help("keep `below_slots_percent` well below `target_percent`, such as 20 and 80"),
    );
}

fn zero_for_ever(context: &Context<'_>, findings: &mut Findings) {
    let fleet = context.fleet;
    let is_raised = fleet.schedule.iter().any(|it| {
        let mut sizes = [it.min_size, it.desired_capacity].into_iter().flatten();
        sizes.any(|size| size.get() > 0)
    });
    if fleet.scaling.min_size.get() > 0 || scales_by_queue(fleet) || is_raised {
        return;
    }
    findings.push(
        Finding::new(
            Path::of("scaling.min_size"),
            "nothing starts the first worker of a group that begins with none",
        )
        .label("no worker publishes what the group could grow by")
        .help(
            "keep 1, add a `[[schedule]]` that raises `min_size`, or list `worker.hatchet.tasks` and set \
             `enabled = true` in `[control]`",
        ),
    );
}

fn zero_with_queue(context: &Context<'_>, findings: &mut Findings) {
    if !scales_by_queue(context.fleet) || starts_from_zero(context.fleet) {
        return;
    }
    let mut places = Vec::new();
    if context.fleet.scaling.min_size.get() == 0 {
        places.push(Path::of("scaling.min_size"));
    }
    for (index, schedule) in context.fleet.schedule.iter().enumerate() {
        // A schedule that sets the largest size to 0 as well stops the fleet on purpose.
        let stops = schedule.max_size.is_some_and(|max| max.get() == 0);
        if schedule.min_size.is_some_and(|min| min.get() == 0) && !stops {
            places.push(Path::of("schedule").index(index).key("min_size"));
        }
    }
    for place in places {
        findings.push(
            Finding::new(place, "the queue cannot scale a group out from 0 workers")
                .label("workers publish the queue depth, and there are none at 0")
                .help(
                    "keep 1, make sure that a schedule raises it before work arrives, or have a control plane publish \
                     the queue: `[control]` with `enabled = true`",
                ),
        );
    }
}
