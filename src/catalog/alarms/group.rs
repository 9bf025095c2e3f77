//! Alarms about the group, its capacity and the queue.

use super::registry::{QUEUE_SATURATED, STOPS_REFRESH};
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
        name: "workers-in-service",
        description: "At least one instance is in service (a part of heartbeat-missing)",
        condition: Condition::Metric(metrics::GROUP_IN_SERVICE_INSTANCES, Statistic::Minimum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(0.0),
        period: 300,
        evaluation_periods: 2,
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::None,
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
        action: AlarmAction::None,
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
        action: AlarmAction::Notify,
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
        action: AlarmAction::Notify,
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
        action: AlarmAction::Notify,
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
        action: AlarmAction::Notify,
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
        action: AlarmAction::Notify,
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
        action: AlarmAction::Notify,
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
        action: AlarmAction::Notify,
        runbook: &[
            "The message in the queue says which alarm it was and why Run Command refused the \
             command: most often a role or a document was changed by hand.",
            "Run `terraform plan`: it shows what differs. Apply it, then purge the queue.",
            "Meanwhile each agent heals its own host. Follow the runbook of the alarm that sent \
             the command.",
        ],
    },
];
