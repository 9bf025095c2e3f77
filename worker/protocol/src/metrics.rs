//! The metrics that the agent sends to CloudWatch.

/// A metric of the agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkerMetric {
    ActiveBrowserProfiles,
    AdsPowerApiStatus,
    HatchetConnectionStatus,
    TaskCompletionRate,
    TaskFailureCount,
    OldestTaskAge,
    MemoryUsagePercent,
    XvfbStatus,
    SlotUtilization,
    SpotInterruption,
    QueueDepth,
    QueueOldestAge,
}

/// Which series a metric has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// One per instance and one of the fleet.
    InstanceAndFleet,
    /// One of the fleet alone, into which every agent writes: CloudWatch charges for every series.
    Fleet,
}

/// The dimension of every fleet-level series; its value is the Auto Scaling group's name.
pub const FLEET_DIMENSION: &str = "AutoScalingGroupName";

/// The second dimension of a series per instance.
pub const INSTANCE_DIMENSION: &str = "InstanceId";

impl WorkerMetric {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::ActiveBrowserProfiles,
        Self::AdsPowerApiStatus,
        Self::HatchetConnectionStatus,
        Self::TaskCompletionRate,
        Self::TaskFailureCount,
        Self::OldestTaskAge,
        Self::MemoryUsagePercent,
        Self::XvfbStatus,
        Self::SlotUtilization,
        Self::SpotInterruption,
        Self::QueueDepth,
        Self::QueueOldestAge,
    ];

    /// Its name in CloudWatch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActiveBrowserProfiles => "ActiveBrowserProfiles",
            Self::AdsPowerApiStatus => "AdsPowerApiStatus",
            Self::HatchetConnectionStatus => "HatchetConnectionStatus",
            Self::TaskCompletionRate => "TaskCompletionRate",
            Self::TaskFailureCount => "TaskFailureCount",
            Self::OldestTaskAge => "OldestTaskAge",
            Self::MemoryUsagePercent => "MemoryUsagePercent",
            Self::XvfbStatus => "XvfbStatus",
            Self::SlotUtilization => "SlotUtilization",
            Self::SpotInterruption => "SpotInterruption",
            Self::QueueDepth => "QueueDepth",
            Self::QueueOldestAge => "QueueOldestAge",
        }
    }

    /// CloudWatch's unit.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::ActiveBrowserProfiles
            | Self::TaskCompletionRate
            | Self::TaskFailureCount
            | Self::SpotInterruption
            | Self::QueueDepth => "Count",
            Self::AdsPowerApiStatus | Self::HatchetConnectionStatus | Self::XvfbStatus => "None",
            Self::MemoryUsagePercent | Self::SlotUtilization => "Percent",
            Self::QueueOldestAge | Self::OldestTaskAge => "Seconds",
        }
    }

    /// What a value means.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::ActiveBrowserProfiles => "AdsPower profiles that are open on an instance",
            Self::AdsPowerApiStatus => "1 while AdsPower's API answers, else 0",
            Self::HatchetConnectionStatus => "1 while Hatchet sees the worker as connected, else 0",
            Self::TaskCompletionRate => {
                "Tasks that finished since the last report; those that failed do not count"
            }
            Self::TaskFailureCount => {
                "Tasks that failed since the last report, or whose runtime lost its connection"
            }
            Self::OldestTaskAge => "How long the oldest running task of an instance has run",
            Self::MemoryUsagePercent => "Memory of the runtime against its limit",
            Self::XvfbStatus => "1 while the X server answers, else 0",
            Self::SlotUtilization => "Browser slots in use, of those that the instance has",
            Self::SpotInterruption => "Interruption notices since the last report",
            Self::QueueDepth => {
                "Tasks that wait in Hatchet; every agent publishes the same number, so read its Maximum"
            }
            Self::QueueOldestAge => "How long the oldest waiting task has waited",
        }
    }

    /// Which series it has.
    #[must_use]
    pub const fn series(self) -> Series {
        match self {
            Self::QueueDepth
            | Self::QueueOldestAge
            | Self::TaskFailureCount
            | Self::OldestTaskAge => Series::Fleet,
            _ => Series::InstanceAndFleet,
        }
    }
}
