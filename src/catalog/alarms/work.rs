//! Alarms about AdsPower, Hatchet and tasks.

use crate::catalog::alarm::{Alarm, AlarmAction, Condition, Query, Threshold};
use crate::catalog::metrics::{self, Metric};
use crate::fleet::{Comparison, MissingData, Statistic};

const fn query(id: &'static str, metric: Metric, statistic: Statistic) -> Query {
    Query {
        id,
        metric,
        statistic,
    }
}

pub const ALARMS: &[Alarm] = &[
    Alarm {
        name: "adspower-down",
        description: "AdsPower's API does not answer on at least one instance",
        condition: Condition::Metric(metrics::ADSPOWER_API_STATUS, Statistic::Minimum),
        comparison: Comparison::LessThanThreshold,
        threshold: Threshold::Fixed(1.0),
        period: 60,
        evaluation_periods: 3,
        // A silent host is heartbeat-missing's business.
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::NotifyAndHeal,
        runbook: &[
            "The agent restarts AdsPower by itself, and this alarm has run `valet-worker heal` on \
             every instance: wait five minutes.",
            "Find the instance on the dashboard, in the per-instance series of AdsPowerApiStatus.",
            "Open a session on it and read `journalctl -u valet-adspower`; `valet-worker doctor` \
             names the failing precondition.",
            "If it does not recover, mark the instance unhealthy: the group replaces it after its \
             tasks are drained.",
        ],
    },
    Alarm {
        name: "hatchet-disconnected",
        description: "At least one worker is not connected to Hatchet",
        condition: Condition::Metric(metrics::HATCHET_CONNECTION_STATUS, Statistic::Minimum),
        comparison: Comparison::LessThanThreshold,
        threshold: Threshold::Fixed(1.0),
        period: 60,
        evaluation_periods: 2,
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::NotifyAndHeal,
        runbook: &[
            "If all instances are disconnected, look at Hatchet's status and at the NAT gateway \
             before anything else.",
            "If one is, open a session and run `valet-worker doctor`: it says whether the token \
             expired or the connection is broken.",
            "To replace an expired HATCHET_CLIENT_TOKEN, store a new value (docs/secrets.md): \
             agents read it when they start.",
        ],
    },
    Alarm {
        name: "xvfb-down",
        description: "The X server does not answer on at least one instance, so no browser can \
                      start there",
        condition: Condition::Metric(metrics::XVFB_STATUS, Statistic::Minimum),
        comparison: Comparison::LessThanThreshold,
        threshold: Threshold::Fixed(1.0),
        period: 60,
        evaluation_periods: 1,
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::NotifyAndHeal,
        runbook: &[
            "The agent restarts Xvfb by itself, and this alarm has run `valet-worker heal`: wait \
             two minutes.",
            "If it fires again, read `journalctl -u valet-xvfb` on the instance and check its \
             memory.",
        ],
    },
    Alarm {
        name: "browser-profiles-over-capacity",
        description: "An instance has more open browser profiles than the fleet's largest \
                      instance type has slots",
        condition: Condition::Metric(metrics::ACTIVE_BROWSER_PROFILES, Statistic::Maximum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::LargestSlots,
        period: 60,
        evaluation_periods: 5,
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        runbook: &[
            "Profiles are left open by tasks that ended without closing them: compare with \
             SlotUtilization.",
            "Drain the instance with `valet-worker drain`, close the profiles with `systemctl \
             restart valet-adspower`, and let it take tasks again with `valet-worker resume`.",
        ],
    },
    Alarm {
        name: "tasks-stalled",
        description: "Tasks wait in the queue, slots are free, and no task ends",
        condition: Condition::Expression {
            expression: "IF(queued > 0 AND FILL(used, 0) < 100, FILL(finished, 0) + FILL(failed, 0), 1)",
            label: "tasks that ended while others waited for free slots",
            queries: &[
                query("queued", metrics::QUEUE_DEPTH, Statistic::Minimum),
                query("used", metrics::SLOT_UTILIZATION, Statistic::Minimum),
                query("finished", metrics::TASK_COMPLETION_RATE, Statistic::Sum),
                query("failed", metrics::TASK_FAILURE_COUNT, Statistic::Sum),
            ],
        },
        comparison: Comparison::LessThanThreshold,
        threshold: Threshold::Fixed(1.0),
        period: 300,
        evaluation_periods: 3,
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        runbook: &[
            "See whether workers are connected (hatchet-disconnected).",
            "The tasks may require labels that no worker has. Compare them in Hatchet.",
            "Read the runtime's log on an instance with free slots (SlotUtilization).",
        ],
    },
    Alarm {
        name: "tasks-failing",
        description: "Most tasks fail",
        condition: Condition::Expression {
            // Fewer than five tasks in a period say nothing.
            expression: "IF(FILL(failed, 0) + FILL(finished, 0) >= 5, \
                         100 * FILL(failed, 0) / (FILL(failed, 0) + FILL(finished, 0)), 0)",
            label: "failed tasks in percent",
            queries: &[
                query("failed", metrics::TASK_FAILURE_COUNT, Statistic::Sum),
                query("finished", metrics::TASK_COMPLETION_RATE, Statistic::Sum),
            ],
        },
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(50.0),
        period: 300,
        evaluation_periods: 3,
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        runbook: &[
            "Read the errors of the last runs in Hatchet: one cause on all instances is the task or \
             what it talks to.",
            "On one instance alone: read the runtime's log there, and drain it with `valet-worker \
             drain`.",
        ],
    },
    Alarm {
        name: "task-hangs",
        description: "A task has run for more than four hours",
        condition: Condition::Metric(metrics::OLDEST_TASK_AGE, Statistic::Maximum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(14_400.0),
        period: 300,
        evaluation_periods: 3,
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        runbook: &[
            "Find the instance by `valet_worker_oldest_task_age_seconds`, or by its running tasks in \
             Hatchet.",
            "A task that hangs holds its slot and every drain without a deadline: cancel the run in \
             Hatchet.",
        ],
    },
];
