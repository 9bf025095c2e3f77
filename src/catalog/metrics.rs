//! Every metric that the fleet publishes or reads, with who publishes it.
//!
//! Alarms, scaling policies and the dashboard name a metric by its constant here, so none can
//! watch a metric that nobody publishes. Every metric has a fleet-level series, whose one
//! dimension is [`FLEET_DIMENSION`]; what the hosts publish has a series per instance
//! besides, with [`INSTANCE_DIMENSION`] as a second dimension, so that environments stay apart.
//!
//! What the agent publishes is the agent's own list, so that a metric which it does not send cannot
//! be named here.

use serde::{Serialize, Serializer};
pub use valet_protocol::metrics::{FLEET_DIMENSION, INSTANCE_DIMENSION};
use valet_protocol::metrics::{Series, WorkerMetric};

/// Who publishes a metric, which decides its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// `valet-worker` on every instance, in the fleet's namespace.
    Worker,
    /// The CloudWatch agent on every instance, in the fleet's namespace. What it has to measure is
    /// part of who publishes, so that no metric of the agent's is left out of its configuration.
    CloudWatchAgent(Measurement),
    /// EC2 Auto Scaling, in `AWS/AutoScaling`.
    AutoScaling,
    /// EC2, in `AWS/EC2`.
    Ec2,
    /// SQS, in `AWS/SQS`.
    Sqs,
}

impl Publisher {
    /// The namespace, given the fleet's own.
    #[must_use]
    pub fn namespace(self, of_fleet: &str) -> String {
        match self {
            Self::Worker | Self::CloudWatchAgent(_) => of_fleet.to_owned(),
            Self::AutoScaling => "AWS/AutoScaling".to_owned(),
            Self::Ec2 => "AWS/EC2".to_owned(),
            Self::Sqs => "AWS/SQS".to_owned(),
        }
    }

    /// The publisher in words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Worker => "valet-worker",
            Self::CloudWatchAgent(_) => "CloudWatch agent",
            Self::AutoScaling => "EC2 Auto Scaling",
            Self::Ec2 => "EC2",
            Self::Sqs => "SQS",
        }
    }

    /// The resource that its fleet-level series are of.
    #[must_use]
    pub fn subject(self) -> Subject {
        match self {
            Self::Worker | Self::CloudWatchAgent(_) | Self::AutoScaling | Self::Ec2 => {
                Subject::Group
            }
            Self::Sqs => Subject::HealQueue,
        }
    }
}

/// The resource whose name is the one dimension of a fleet-level series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The Auto Scaling group.
    Group,
    /// The queue of heal commands that could not be sent.
    HealQueue,
}

impl Subject {
    pub const ALL: [Self; 2] = [Self::Group, Self::HealQueue];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::HealQueue => "heal-queue",
        }
    }

    /// The name of the dimension.
    #[must_use]
    pub fn dimension(self) -> &'static str {
        match self {
            Self::Group => FLEET_DIMENSION,
            Self::HealQueue => "QueueName",
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What the CloudWatch agent measures for a metric, which it calls `<plugin>_<field>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The part of the agent that measures it: a key of `metrics_collected`.
    pub plugin: &'static str,
    pub field: &'static str,
}

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name in CloudWatch.
    pub name: &'static str,
    pub publisher: Publisher,
    /// CloudWatch's unit.
    pub unit: &'static str,
    /// What a value means.
    pub meaning: &'static str,
    /// Whether there is a series per instance besides the fleet's.
    pub per_instance: bool,
}

impl Metric {
    /// Whether it is published only where `worker.hatchet.tasks` lists tasks: the agent asks Hatchet for their queues
    /// alone.
    #[must_use]
    pub fn needs_tasks(&self) -> bool {
        [QUEUE_DEPTH.name, QUEUE_OLDEST_AGE.name].contains(&self.name)
    }

    /// Whether EC2 publishes it for burstable types alone.
    #[must_use]
    pub fn needs_credits(&self) -> bool {
        self.name == CPU_CREDIT_BALANCE.name
    }

    /// The most that it can be, where there is such a number. The least is 0 for all of them.
    #[must_use]
    pub fn max_value(&self) -> Option<f64> {
        match self.unit {
            "Percent" => Some(100.0),
            _ if self.name.ends_with("Status") => Some(1.0),
            _ => None,
        }
    }
}

/// A metric of the agent's, as the agent has it.
const fn worker(metric: WorkerMetric) -> Metric {
    Metric {
        name: metric.name(),
        publisher: Publisher::Worker,
        unit: metric.unit(),
        meaning: metric.meaning(),
        per_instance: matches!(metric.series(), Series::InstanceAndFleet),
    }
}

/// A metric of the CloudWatch agent, under the name that the agent gives it.
macro_rules! agent {
    ($plugin:literal, $field:literal, $unit:literal, $meaning:literal $(,)?) => {
        Metric {
            name: concat!($plugin, "_", $field),
            publisher: Publisher::CloudWatchAgent(Measurement {
                plugin: $plugin,
                field: $field,
            }),
            unit: $unit,
            meaning: $meaning,
            per_instance: true,
        }
    };
}

const fn group(name: &'static str, meaning: &'static str) -> Metric {
    Metric {
        name,
        publisher: Publisher::AutoScaling,
        unit: "None",
        meaning,
        per_instance: false,
    }
}

pub const ACTIVE_BROWSER_PROFILES: Metric = worker(WorkerMetric::ActiveBrowserProfiles);
pub const ADSPOWER_API_STATUS: Metric = worker(WorkerMetric::AdsPowerApiStatus);
pub const HATCHET_CONNECTION_STATUS: Metric = worker(WorkerMetric::HatchetConnectionStatus);
pub const TASK_COMPLETION_RATE: Metric = worker(WorkerMetric::TaskCompletionRate);
pub const TASK_FAILURE_COUNT: Metric = worker(WorkerMetric::TaskFailureCount);
pub const OLDEST_TASK_AGE: Metric = worker(WorkerMetric::OldestTaskAge);
pub const MEMORY_USAGE_PERCENT: Metric = worker(WorkerMetric::MemoryUsagePercent);
pub const XVFB_STATUS: Metric = worker(WorkerMetric::XvfbStatus);
pub const SLOT_UTILIZATION: Metric = worker(WorkerMetric::SlotUtilization);
pub const SPOT_INTERRUPTION: Metric = worker(WorkerMetric::SpotInterruption);
pub const QUEUE_DEPTH: Metric = worker(WorkerMetric::QueueDepth);
pub const QUEUE_OLDEST_AGE: Metric = worker(WorkerMetric::QueueOldestAge);
pub const MEM_USED_PERCENT: Metric = agent!(
    "mem",
    "used_percent",
    "Percent",
    "Memory in use on an instance",
);
pub const DISK_USED_PERCENT: Metric = agent!(
    "disk",
    "used_percent",
    "Percent",
    "Root file system in use on an instance",
);
pub const SWAP_USED_PERCENT: Metric = agent!(
    "swap",
    "used_percent",
    "Percent",
    "Swap in use on an instance"
);
pub const PROCESSES_ZOMBIES: Metric = agent!(
    "processes",
    "zombies",
    "Count",
    "Zombie processes: ended, but not reaped by their parent",
);
pub const GROUP_IN_SERVICE_INSTANCES: Metric =
    group("GroupInServiceInstances", "Instances in service");
pub const GROUP_IN_SERVICE_CAPACITY: Metric =
    group("GroupInServiceCapacity", "Capacity units in service");
pub const GROUP_DESIRED_CAPACITY: Metric = group(
    "GroupDesiredCapacity",
    "Desired capacity of the group, in capacity units",
);
pub const GROUP_MIN_SIZE: Metric = group("GroupMinSize", "The group's smallest size");
pub const GROUP_MAX_SIZE: Metric = group("GroupMaxSize", "The group's largest size");
pub const CPU_UTILIZATION: Metric = Metric {
    name: "CPUUtilization",
    publisher: Publisher::Ec2,
    unit: "Percent",
    meaning: "Processor load",
    per_instance: true,
};

pub const CPU_CREDIT_BALANCE: Metric = Metric {
    name: "CPUCreditBalance",
    publisher: Publisher::Ec2,
    unit: "Count",
    meaning: "CPU credits that a burstable instance has left",
    per_instance: true,
};

pub const HEAL_UNDELIVERED: Metric = Metric {
    name: "NumberOfMessagesSent",
    publisher: Publisher::Sqs,
    unit: "Count",
    meaning: "Heal commands that could not be sent and went to the dead-letter queue",
    per_instance: false,
};

/// Every metric.
pub const METRICS: &[Metric] = &[
    ACTIVE_BROWSER_PROFILES,
    ADSPOWER_API_STATUS,
    HATCHET_CONNECTION_STATUS,
    TASK_COMPLETION_RATE,
    TASK_FAILURE_COUNT,
    OLDEST_TASK_AGE,
    MEMORY_USAGE_PERCENT,
    XVFB_STATUS,
    SLOT_UTILIZATION,
    SPOT_INTERRUPTION,
    QUEUE_DEPTH,
    QUEUE_OLDEST_AGE,
    MEM_USED_PERCENT,
    DISK_USED_PERCENT,
    SWAP_USED_PERCENT,
    PROCESSES_ZOMBIES,
    GROUP_IN_SERVICE_INSTANCES,
    GROUP_IN_SERVICE_CAPACITY,
    GROUP_DESIRED_CAPACITY,
    GROUP_MIN_SIZE,
    GROUP_MAX_SIZE,
    CPU_UTILIZATION,
    CPU_CREDIT_BALANCE,
    HEAL_UNDELIVERED,
];

/// The metric of this name.
#[must_use]
pub fn find(name: &str) -> Option<Metric> {
    METRICS.iter().copied().find(|metric| metric.name == name)
}
