//! Every alarm that a fleet has without saying so.
//!
//! One entry gives the Terraform resource, its place on the dashboard, its section in the
//! runbooks and its row in docs/alarms.md.

pub use super::alarm::{Action, Alarm, Condition, Query, Threshold};
use super::metrics::{self, Metric};
use crate::fleet::{Comparison, MissingData, Statistic};

const fn query(id: &'static str, metric: Metric, statistic: Statistic) -> Query {
    Query {
        id,
        metric,
        statistic,
    }
}

/// The alarm that `scaling.queue.alert_when_saturated` switches.
pub const QUEUE_SATURATED: &str = "queue-saturated";

/// The alarm that stops an instance refresh: new instances are in service and say nothing.
pub const STOPS_REFRESH: &str = "workers-silent";

/// Every alarm, in the order of the dashboard.
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
        action: Action::NotifyAndHeal,
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
        action: Action::NotifyAndHeal,
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
        action: Action::NotifyAndHeal,
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
        action: Action::Notify,
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
        action: Action::Notify,
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
        action: Action::Notify,
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
        action: Action::Notify,
        runbook: &[
            "Find the instance by `valet_worker_oldest_task_age_seconds`, or by its running tasks in \
             Hatchet.",
            "A task that hangs holds its slot and every drain without a deadline: cancel the run in \
             Hatchet.",
        ],
    },
    Alarm {
        name: "runtime-memory-high",
        description: "The runtime on an instance is close to its memory limit",
        condition: Condition::Metric(metrics::MEMORY_USAGE_PERCENT, Statistic::Maximum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(80.0),
        period: 60,
        evaluation_periods: 5,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "A runtime that reaches its limit is restarted, and its tasks start again elsewhere.",
            "If it grows with every task, it leaks: drain the instance and report the version.",
        ],
    },
    Alarm {
        name: "memory-high",
        description: "An instance is short of memory",
        condition: Condition::Metric(metrics::MEM_USED_PERCENT, Statistic::Maximum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(90.0),
        period: 60,
        evaluation_periods: 5,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "The agent drains a host that stays short of memory and has it replaced.",
            "If it happens across the fleet, the slots are too many for the pages: raise \
             `instances.capacity.browser_memory_mib`.",
        ],
    },
    Alarm {
        name: "disk-high",
        description: "An instance's root file system is filling up",
        condition: Condition::Metric(metrics::DISK_USED_PERCENT, Statistic::Maximum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(85.0),
        period: 300,
        evaluation_periods: 3,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "Browser caches are the usual reason: drain the instance with `valet-worker drain`, \
             stop AdsPower, clear `/var/cache/adspower`, and let it take tasks again with \
             `valet-worker resume`.",
            "If it happens across the fleet, raise `instances.root_volume.volume_size`.",
        ],
    },
    Alarm {
        name: "workers-in-service",
        description: "At least one instance is in service (a part of heartbeat-missing)",
        condition: Condition::Metric(metrics::GROUP_IN_SERVICE_INSTANCES, Statistic::Minimum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(0.0),
        period: 300,
        evaluation_periods: 2,
        missing_data: MissingData::NotBreaching,
        action: Action::None,
        runbook: &["This alarm alone is not a problem: see heartbeat-missing."],
    },
    Alarm {
        name: STOPS_REFRESH,
        description: "More than a tenth of the metric reports of the instances in service do not \
                      arrive (a part of heartbeat-missing)",
        condition: Condition::Expression {
            expression: "100 * (1 - reports / (instances * {samples}))",
            label: "percent of the metric reports that do not arrive",
            queries: &[
                query(
                    "reports",
                    metrics::ADSPOWER_API_STATUS,
                    Statistic::SampleCount,
                ),
                query(
                    "instances",
                    metrics::GROUP_IN_SERVICE_INSTANCES,
                    Statistic::Minimum,
                ),
            ],
        },
        comparison: Comparison::GreaterThanThreshold,
        // A share, so that it means the same at every size. Reports that slip into the next period are few beside a
        // tenth, and a host that starts is not in service: the launch hook holds it until it is ready.
        threshold: Threshold::Fixed(10.0),
        period: 300,
        // A host that was just completed reports within one period.
        evaluation_periods: 3,
        // Complete silence has no data at all, and so has a fleet of size zero: the composite
        // alarm tells them apart.
        missing_data: MissingData::Breaching,
        action: Action::None,
        runbook: &["This alarm alone is not a problem: see heartbeat-missing."],
    },
    Alarm {
        name: "heartbeat-missing",
        description: "Instances in service send no metrics",
        condition: Condition::All(&["workers-in-service", "workers-silent"]),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(0.0),
        period: 300,
        evaluation_periods: 2,
        missing_data: MissingData::Breaching,
        action: Action::Notify,
        runbook: &[
            "Compare the instances in service with the per-instance series of AdsPowerApiStatus: \
             the silent one is missing.",
            "If all are silent, look at the `monitoring` endpoint, the worker's role and \
             CloudWatch's status.",
            "Open a session on a silent instance and read `systemctl status valet-worker`; mark \
             it unhealthy if it does not answer.",
        ],
    },
    Alarm {
        name: "cpu-credits-spent",
        description: "A burstable instance has no CPU credits left: it is slow, or costs more",
        condition: Condition::Metric(metrics::CPU_CREDIT_BALANCE, Statistic::Minimum),
        comparison: Comparison::LessThanThreshold,
        threshold: Threshold::Fixed(1.0),
        // EC2 publishes it every five minutes.
        period: 300,
        // A T3 instance starts without credits and earns its first within minutes, unless it is busy.
        evaluation_periods: 6,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "With standard credits it runs at its baseline: pages time out, and tasks take several \
             times as long. With unlimited ones it is billed per vCPU hour.",
            "If it happens again, put types that do not burst before it in `instances.types`, or \
             give it fewer slots.",
            "`instances.cpu_credits = \"unlimited\"` keeps it fast at a price per vCPU hour.",
        ],
    },
    Alarm {
        name: "spot-interruptions",
        description: "Many spot instances are being interrupted",
        condition: Condition::Metric(metrics::SPOT_INTERRUPTION, Statistic::Sum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::QuarterOfLargestSize,
        period: 3600,
        evaluation_periods: 1,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "Interrupted work is drained and starts again elsewhere; nothing is lost unless tasks \
             outlast the drain.",
            "If it goes on, add instance types and zones, or raise \
             `instances.on_demand_percentage_above_base_capacity`.",
        ],
    },
    Alarm {
        name: "unmet-capacity",
        description: "The Auto Scaling group has less capacity than desired",
        condition: Condition::Expression {
            expression: "desired - in_service",
            label: "missing capacity units",
            queries: &[
                query(
                    "desired",
                    metrics::GROUP_DESIRED_CAPACITY,
                    Statistic::Minimum,
                ),
                query(
                    "in_service",
                    metrics::GROUP_IN_SERVICE_CAPACITY,
                    Statistic::Maximum,
                ),
            ],
        },
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(0.0),
        period: 300,
        evaluation_periods: 3,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "The group's activity history says why launches fail: no spot capacity, a quota, or \
             an image that does not start.",
            "No capacity: add instance types. A quota: ask for more. Instances that end at once: \
             read the agent's log in CloudWatch.",
        ],
    },
    Alarm {
        name: "queue-age",
        description: "A task has been waiting for 15 minutes",
        condition: Condition::Metric(metrics::QUEUE_OLDEST_AGE, Statistic::Maximum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(900.0),
        period: 60,
        evaluation_periods: 5,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "A deep queue as well: the fleet is too small, see queue-saturated and unmet-capacity.",
            "A shallow queue: this task requires labels that no worker has, or is pinned to a \
             worker that no longer exists.",
        ],
    },
    Alarm {
        name: QUEUE_SATURATED,
        description: "Tasks wait while the group is at its largest size",
        condition: Condition::Expression {
            expression: "IF(in_service >= largest, queued, 0)",
            label: "tasks that wait at the largest size",
            queries: &[
                query("queued", metrics::QUEUE_DEPTH, Statistic::Minimum),
                query(
                    "in_service",
                    metrics::GROUP_IN_SERVICE_CAPACITY,
                    Statistic::Minimum,
                ),
                query("largest", metrics::GROUP_MAX_SIZE, Statistic::Maximum),
            ],
        },
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(0.0),
        period: 60,
        evaluation_periods: 5,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "The queue grows and nothing will add capacity: raise `scaling.max_size`, or let the \
             queue wait.",
            "Check tasks-stalled first: a fleet that is stuck looks like one that is full.",
        ],
    },
    Alarm {
        name: "heal-undelivered",
        description: "EventBridge could not send the command `valet-worker heal` after an alarm",
        condition: Condition::Metric(metrics::HEAL_UNDELIVERED, Statistic::Sum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(0.0),
        period: 300,
        evaluation_periods: 1,
        missing_data: MissingData::NotBreaching,
        action: Action::Notify,
        runbook: &[
            "The message in the queue says which alarm it was and why Run Command refused the \
             command: most often a role or a document was changed by hand.",
            "Run `terraform plan`: it shows what differs. Apply it, then purge the queue.",
            "Meanwhile each agent heals its own host. Follow the runbook of the alarm that sent \
             the command.",
        ],
    },
];

/// The alarm of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Alarm> {
    ALARMS.iter().find(|alarm| alarm.name == name)
}
