//! Alarms about the hosts' memory and disk.

use crate::catalog::alarm::{Alarm, AlarmAction, Condition, Threshold};
use crate::catalog::metrics;
use crate::fleet::{Comparison, MissingData, Statistic};

pub const ALARMS: &[Alarm] = &[
    Alarm {
        name: "runtime-memory-high",
        description: "The runtime on an instance is close to its memory limit",
        condition: Condition::Metric(metrics::MEMORY_USAGE_PERCENT, Statistic::Maximum),
        comparison: Comparison::GreaterThanThreshold,
        threshold: Threshold::Fixed(80.0),
        period: 60,
        evaluation_periods: 5,
        missing_data: MissingData::NotBreaching,
        action: AlarmAction::Notify,
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
        action: AlarmAction::Notify,
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
        action: AlarmAction::Notify,
        runbook: &[
            "Browser caches are the usual reason: drain the instance with `valet-worker drain`, \
             stop AdsPower, clear `/var/cache/adspower`, and let it take tasks again with \
             `valet-worker resume`.",
            "If it happens across the fleet, raise `instances.root_volume.volume_size`.",
        ],
    },
];
