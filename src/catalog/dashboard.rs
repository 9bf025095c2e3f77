//! The dashboard: which metrics are drawn together, section by section.

use super::metrics::{self, Metric};
use crate::fleet::Statistic;

/// Graphs about one question.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub title: &'static str,
    /// At most three, side by side.
    pub graphs: &'static [Graph],
}

/// One graph of fleet-level series.
#[derive(Clone, Copy, Debug)]
pub struct Graph {
    pub title: &'static str,
    pub lines: &'static [GraphLine],
}

/// One line of a graph.
#[derive(Clone, Copy, Debug)]
pub struct GraphLine {
    pub label: &'static str,
    pub metric: Metric,
    pub statistic: Statistic,
}

const fn line(label: &'static str, metric: Metric, statistic: Statistic) -> GraphLine {
    GraphLine {
        label,
        metric,
        statistic,
    }
}

/// Every section, from top to bottom.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Queue and capacity",
        graphs: &[
            Graph {
                title: "Waiting tasks",
                lines: &[line("Tasks", metrics::QUEUE_DEPTH, Statistic::Maximum)],
            },
            Graph {
                title: "Age of the oldest waiting task",
                lines: &[line(
                    "Seconds",
                    metrics::QUEUE_OLDEST_AGE,
                    Statistic::Maximum,
                )],
            },
            Graph {
                title: "Capacity units",
                lines: &[
                    line(
                        "Desired",
                        metrics::GROUP_DESIRED_CAPACITY,
                        Statistic::Maximum,
                    ),
                    line(
                        "In service",
                        metrics::GROUP_IN_SERVICE_CAPACITY,
                        Statistic::Minimum,
                    ),
                    line("Smallest", metrics::GROUP_MIN_SIZE, Statistic::Minimum),
                    line("Largest", metrics::GROUP_MAX_SIZE, Statistic::Maximum),
                ],
            },
        ],
    },
    Section {
        title: "Workers",
        graphs: &[
            Graph {
                title: "AdsPower and X server, worst instance",
                lines: &[
                    line("AdsPower", metrics::ADSPOWER_API_STATUS, Statistic::Minimum),
                    line("X server", metrics::XVFB_STATUS, Statistic::Minimum),
                ],
            },
            Graph {
                title: "Hatchet connection, worst instance",
                lines: &[line(
                    "Connected",
                    metrics::HATCHET_CONNECTION_STATUS,
                    Statistic::Minimum,
                )],
            },
            Graph {
                title: "Tasks that ended",
                lines: &[
                    line("Finished", metrics::TASK_COMPLETION_RATE, Statistic::Sum),
                    line("Failed", metrics::TASK_FAILURE_COUNT, Statistic::Sum),
                ],
            },
            Graph {
                title: "Oldest running task",
                lines: &[line("Age", metrics::OLDEST_TASK_AGE, Statistic::Maximum)],
            },
        ],
    },
    Section {
        title: "Browsers",
        graphs: &[
            Graph {
                title: "Slots in use",
                lines: &[
                    line("Mean", metrics::SLOT_UTILIZATION, Statistic::Average),
                    line(
                        "Fullest instance",
                        metrics::SLOT_UTILIZATION,
                        Statistic::Maximum,
                    ),
                ],
            },
            Graph {
                title: "Open browser profiles",
                lines: &[
                    line("Mean", metrics::ACTIVE_BROWSER_PROFILES, Statistic::Average),
                    line("Most", metrics::ACTIVE_BROWSER_PROFILES, Statistic::Maximum),
                ],
            },
            Graph {
                title: "Memory of the runtime",
                lines: &[
                    line("Mean", metrics::MEMORY_USAGE_PERCENT, Statistic::Average),
                    line("Highest", metrics::MEMORY_USAGE_PERCENT, Statistic::Maximum),
                ],
            },
        ],
    },
    Section {
        title: "Hosts",
        graphs: &[
            Graph {
                title: "Memory and swap",
                lines: &[
                    line(
                        "Memory, mean",
                        metrics::MEM_USED_PERCENT,
                        Statistic::Average,
                    ),
                    line(
                        "Memory, highest",
                        metrics::MEM_USED_PERCENT,
                        Statistic::Maximum,
                    ),
                    line(
                        "Swap, highest",
                        metrics::SWAP_USED_PERCENT,
                        Statistic::Maximum,
                    ),
                ],
            },
            Graph {
                title: "Root file system and zombie processes",
                lines: &[
                    line("Fullest", metrics::DISK_USED_PERCENT, Statistic::Maximum),
                    line("Zombies", metrics::PROCESSES_ZOMBIES, Statistic::Maximum),
                ],
            },
            Graph {
                title: "Processor",
                lines: &[
                    line("Mean", metrics::CPU_UTILIZATION, Statistic::Average),
                    line("Highest", metrics::CPU_UTILIZATION, Statistic::Maximum),
                ],
            },
        ],
    },
    Section {
        title: "Spot and recovery",
        graphs: &[
            Graph {
                title: "Interruption notices",
                lines: &[line("Notices", metrics::SPOT_INTERRUPTION, Statistic::Sum)],
            },
            Graph {
                title: "Instances in service",
                lines: &[line(
                    "Instances",
                    metrics::GROUP_IN_SERVICE_INSTANCES,
                    Statistic::Minimum,
                )],
            },
            Graph {
                title: "Undelivered heal commands",
                lines: &[line("Commands", metrics::HEAL_UNDELIVERED, Statistic::Sum)],
            },
        ],
    },
];
